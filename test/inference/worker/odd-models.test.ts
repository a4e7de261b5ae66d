import { BFLOAT16, FLOAT } from '../../support/onnx-file';
import { data, float, identity, withModel, type Graph } from './odd-model';

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
