import { FLOAT, INT64, type OnnxValue } from '../../support/onnx-file';
import { batchable, data, float, withModel, type Graph } from './odd-model';

describe('requests are not run together for a model', () => {
  it('whose rows look at each other, though its first dimension is free', async () => {
    const softmax: Graph = {
      inputs: [float('x', 'N', 2)],
      outputs: [float('y', 'N', 2)],
      nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], ints: { axis: 0 } }],
    };
    expect(await batchable(softmax)).toBe(false);
    const alongRow = {
      ...softmax,
      nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], ints: { axis: 1 } }],
    };
    expect(await batchable(alongRow)).toBe(true);
  });

  it.each([
    ['adds up from the first row to the last', 0],
    ['adds up from the last row to the first', 1],
  ])('that %s, in numbers with or without a fraction', async (_, reverse) => {
    const sum = (type: number): OnnxValue[] => [
      { name: 'x', type, shape: ['N', 1] },
      { name: 'y', type, shape: ['N', 1] },
    ];
    const sums = (type: number): Graph => {
      const [x, y] = sum(type) as [OnnxValue, OnnxValue];
      const nodes = [{ op: 'CumSum', inputs: ['x', 'axis'], outputs: ['y'], ints: { reverse } }];
      const constants = [{ name: 'axis', type: INT64, shape: [], data: BigInt64Array.of(0n) }];
      return { inputs: [x], outputs: [y], nodes, constants };
    };
    expect(await batchable(sums(FLOAT))).toBe(false);
    expect(await batchable(sums(INT64))).toBe(false);
    // Beside a number that is the row's own.
    const whole = sums(INT64);
    const beside: Graph = {
      ...whole,
      outputs: [...whole.outputs, float('score', 'N', 1)],
      nodes: [...whole.nodes, { op: 'Cast', inputs: ['x'], outputs: ['score'], ints: { to: FLOAT } }],
    };
    expect(await batchable(beside)).toBe(false);
  });

  it('that is quantised by the largest number of the batch', async () => {
    const quantised: Graph = {
      inputs: [float('x', 'N', 4)],
      outputs: [float('y', 'N', 4)],
      nodes: [
        { op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 'scale', 'zero'] },
        { op: 'DequantizeLinear', inputs: ['q', 'scale', 'zero'], outputs: ['y'] },
      ],
    };
    await withModel(quantised, async (worker) => {
      expect((await worker.ready()).signature.batchable).toBe(false);
      const row = (...values: number[]): object => ({
        inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: values }],
      });
      const { answers, rows } = await worker.batch([row(1, 2, 3, 4), row(1e6, 0, 0, 0)]);
      expect(rows).toEqual([1, 1]);
      expect((data(answers[0]!) as number[]).map(Math.round)).toEqual([1, 2, 3, 4]);
    });
  });

  it('that only runs with one row, though its first dimension is free', async () => {
    const reshape: Graph = {
      inputs: [float('x', 'N', 2)],
      outputs: [float('y', 'N', 2)],
      nodes: [{ op: 'Reshape', inputs: ['x', 'to'], outputs: ['y'] }],
      constants: [{ name: 'to', type: INT64, shape: [2], data: BigInt64Array.of(1n, 2n) }],
    };
    await withModel(reshape, async (worker) => {
      expect((await worker.ready()).signature.batchable).toBe(false);
      const request = { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] };
      const { answers, rows } = await worker.batch([request, request]);
      expect(rows).toEqual([1, 1]);
      expect(answers.map(data)).toEqual([
        [1, 2],
        [1, 2],
      ]);
    });
  });

  it('of all rows against all rows, or of inputs with numbers of rows of their own', async () => {
    const square: Graph = {
      inputs: [float('x', 'N', 2)],
      outputs: [float('y', 'N', 'N')],
      nodes: [
        { op: 'Transpose', inputs: ['x'], outputs: ['t'] },
        { op: 'MatMul', inputs: ['x', 't'], outputs: ['y'] },
      ],
    };
    expect(await batchable(square)).toBe(false);
    const sum = (b: string): Graph => ({
      inputs: [float('a', 'N', 2), float('b', b, 2)],
      outputs: [float('y', 'N', 2)],
      nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['y'] }],
    });
    expect(await batchable(sum('M'))).toBe(false);
    expect(await batchable(sum('N'))).toBe(true);
    expect(await batchable(sum(''))).toBe(true);
  });

  it('that turns out, on other values than the warm-up has, to give other rows than it takes', async () => {
    const upToBound: Graph = {
      inputs: [float('x', 'N', 1)],
      outputs: [float('y', 'N', 1), float('where', 'M', 1)],
      nodes: [
        { op: 'Identity', inputs: ['x'], outputs: ['y'] },
        { op: 'LessOrEqual', inputs: ['x', 'bound'], outputs: ['small'] },
        { op: 'Reshape', inputs: ['small', 'flat'], outputs: ['kept'] },
        { op: 'Compress', inputs: ['x', 'kept'], outputs: ['where'], ints: { axis: 0 } },
      ],
      constants: [
        { name: 'bound', type: FLOAT, shape: [1], data: Float32Array.of(1000) },
        { name: 'flat', type: INT64, shape: [1], data: BigInt64Array.of(-1n) },
      ],
    };
    await withModel(upToBound, async (worker) => {
      expect((await worker.ready()).signature.batchable).toBe(true);
      const row = (x: number): object => ({
        inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [x] }],
      });
      const { answers, rows } = await worker.batch([row(5000), row(0)]);
      expect(answers.map((answer) => answer.ok && answer.json.outputs[1]?.shape)).toEqual([
        [0, 1],
        [1, 1],
      ]);
      expect(rows).toEqual([2, 1, 1]);
      expect((await worker.batch([row(0), row(0)])).rows).toEqual([1, 1]);
      expect(worker.messages.filter(({ type }) => type === 'log')).toEqual([
        {
          type: 'log',
          level: 'warn',
          message: 'requests are run one by one from now on',
          fields: {
            model: 'odd',
            version: '1',
            reason: 'output where has not one row for each row of the inputs',
          },
        },
      ]);
    });
  });
});
