import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelRepository } from '../../../src/inference/repository';
import { ModelWorker, type Answer } from '../../support/model-worker';
import { BFLOAT16, FLOAT, INT64, onnxFile, type OnnxValue } from '../../support/onnx-file';
import { Scratch } from '../../support/scratch';

type Graph = Parameters<typeof onnxFile>[0];

async function withModel<T>(graph: Graph, use: (worker: ModelWorker) => Promise<T>): Promise<T> {
  await using scratch = await Scratch.create();
  await mkdir(join(scratch.path, 'odd/1'), { recursive: true });
  await writeFile(join(scratch.path, 'odd/1/model.onnx'), onnxFile(graph));
  await using worker = new ModelWorker(await new ModelRepository(scratch.path).locate('odd', '1'));
  return await use(worker);
}

const float = (name: string, ...shape: (number | string)[]): OnnxValue => ({ name, type: FLOAT, shape });

const identity = (x: OnnxValue, y: OnnxValue): Graph => ({
  inputs: [x],
  outputs: [y],
  nodes: [{ op: 'Identity', inputs: [x.name], outputs: [y.name] }],
});

const batchable = (graph: Graph): Promise<boolean> =>
  withModel(graph, async (worker) => (await worker.ready()).signature.batchable);

function data(answer: Answer): unknown {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer.json.outputs[0]?.data;
}

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
    const upToOne: Graph = {
      inputs: [float('x', 'N', 1)],
      outputs: [float('y', 'N', 1), { name: 'where', type: INT64, shape: ['M', 2] }],
      nodes: [
        { op: 'Identity', inputs: ['x'], outputs: ['y'] },
        { op: 'LessOrEqual', inputs: ['x', 'one'], outputs: ['small'] },
        { op: 'NonZero', inputs: ['small'], outputs: ['columns'] },
        { op: 'Transpose', inputs: ['columns'], outputs: ['where'] },
      ],
      constants: [{ name: 'one', type: FLOAT, shape: [1], data: Float32Array.of(1) }],
    };
    await withModel(upToOne, async (worker) => {
      expect((await worker.ready()).signature.batchable).toBe(true);
      const row = (x: number): object => ({
        inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [x] }],
      });
      const { answers, rows } = await worker.batch([row(5), row(0)]);
      expect(answers.map((answer) => answer.ok && answer.json.outputs[1]?.shape)).toEqual([
        [0, 2],
        [1, 2],
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

describe('a model', () => {
  it('that leaves the rank of its input open takes any shape', async () => {
    const open = identity(
      { name: 'x', type: FLOAT, shape: undefined },
      { name: 'y', type: FLOAT, shape: undefined },
    );
    await withModel(open, async (worker) => {
      expect((await worker.ready()).signature).toEqual({
        inputs: [{ name: 'x', datatype: 'FP32', shape: [] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [] }],
        batchable: false,
      });
      const request = { inputs: [{ name: 'x', shape: [1, 2, 1], datatype: 'FP32', data: [[[1], [2]]] }] };
      expect(data(await worker.infer(request))).toEqual([1, 2]);
    });
  });

  it('of a type that the runtime cannot pass is refused, naming the type', async () => {
    const odd = identity(
      { name: 'x', type: BFLOAT16, shape: ['N'] },
      { name: 'y', type: BFLOAT16, shape: ['N'] },
    );
    await withModel(odd, async (worker) => {
      expect((await worker.failed()).message).toBe(
        'ONNX Runtime cannot load model.onnx: the model has an input or output of type bfloat16, which ONNX Runtime for Node.js cannot pass',
      );
    });
  });

  it('whose weights are in a file of their own is refused, with the way out and without paths', async () => {
    const outside: Graph = {
      inputs: [float('x', 'N', 2)],
      outputs: [float('y', 'N', 2)],
      nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      constants: [{ name: 'w', type: FLOAT, shape: [2], data: 'weights.data' }],
    };
    await withModel(outside, async (worker) => {
      const { code, message } = await worker.failed();
      expect(code).toBe('BAD_MODEL');
      expect(message).toContain('weights.data');
      expect(message).toContain('save the model as one file');
      expect(message).not.toMatch(/\/\w+\//);
    });
  });

  it('without inputs answers a request without tensors', async () => {
    const constant: Graph = {
      inputs: [],
      outputs: [float('y', 2)],
      nodes: [{ op: 'Identity', inputs: ['c'], outputs: ['y'] }],
      constants: [{ name: 'c', type: FLOAT, shape: [2], data: Float32Array.of(3, 4) }],
    };
    await withModel(constant, async (worker) => {
      expect((await worker.ready()).signature.batchable).toBe(false);
      const { answers, rows } = await worker.batch([{ inputs: [] }, { inputs: [] }]);
      expect(answers.map(data)).toEqual([
        [3, 4],
        [3, 4],
      ]);
      expect(rows).toEqual([1, 1]);
    });
  });

  it('that throws for one shape of its input says so without the source lines of its runtime', async () => {
    const broadcast: Graph = {
      inputs: [float('x', 'N', 'M')],
      outputs: [float('y', 'N', 'M')],
      nodes: [{ op: 'Add', inputs: ['x', 'three'], outputs: ['y'] }],
      constants: [{ name: 'three', type: FLOAT, shape: [3], data: Float32Array.of(1, 2, 3) }],
    };
    await withModel(broadcast, async (worker) => {
      await worker.ready();
      const request = { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] };
      const answer = await worker.infer(request);
      expect(answer).toMatchObject({ ok: false, code: 'BAD_INPUT' });
      expect(answer).toHaveProperty(
        'message',
        expect.stringMatching(/^inputs: the model does not run on them: .*Add.*2 by 3$/),
      );
      expect(answer).toHaveProperty('message', expect.not.stringContaining('onnxruntime'));
    });
  });
});
