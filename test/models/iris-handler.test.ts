import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Ajv2020 } from 'ajv/dist/2020';

const HANDLER = join(__dirname, '../../..', 'models/iris/2/handler.js');
const LABELS = ['setosa', 'versicolor', 'virginica'];

interface Tensor {
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<unknown>;
}

interface Reply {
  readonly schema: object;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

// In a thread of its own, since jest's realm imports no ES modules.
const CALL = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { source, outputs, context } = workerData;
  import('data:text/javascript,' + encodeURIComponent(source)).then(({ default: handler }) => {
    parentPort.postMessage({ schema: handler.params, outputs: handler.postprocess(outputs, {}, context) });
  });
`;

function call(rows: readonly (readonly number[])[], params: object): Promise<Reply> {
  const classes = LABELS.length;
  const outputs = {
    label: {
      datatype: 'INT64',
      shape: [rows.length],
      data: BigInt64Array.from(rows, (row) => BigInt(row.indexOf(Math.max(...row)))),
    },
    probabilities: {
      datatype: 'FP32',
      shape: [rows.length, classes],
      data: Float32Array.from(rows.flat()),
    },
  };
  const context = { params, labels: LABELS, model: 'iris', version: '2' };
  return new Promise((resolve, reject) => {
    const worker = new Worker(CALL, {
      eval: true,
      workerData: { source: readFileSync(HANDLER, 'utf8'), outputs, context },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const SURE = [0.05, 0.05, 0.9];
const HALF = [0.25, 0.5, 0.25];

describe('the handler of iris version 2', () => {
  it('names the class of one row and keeps the outputs of the model', async () => {
    const { outputs } = await call([SURE], {});
    expect(Object.keys(outputs)).toEqual(['label', 'probabilities', 'label_name']);
    expect(outputs['label_name']).toEqual({ datatype: 'BYTES', shape: [1], data: ['virginica'] });
    expect(outputs['label']?.shape).toEqual([1]);
  });

  it('judges each of many rows by its own probabilities', async () => {
    const { outputs } = await call([SURE, HALF, [1, 0, 0], HALF], { threshold: 0.6 });
    expect(outputs['label_name']).toEqual({
      datatype: 'BYTES',
      shape: [4],
      data: ['virginica', 'unsure', 'setosa', 'unsure'],
    });
  });

  it('is sure of a row whose top probability is the threshold itself', async () => {
    const at = await call([HALF], { threshold: 0.5 });
    expect(at.outputs['label_name']?.data).toEqual(['versicolor']);
    const above = await call([HALF], { threshold: 0.5000001 });
    expect(above.outputs['label_name']?.data).toEqual(['unsure']);
  });

  it('answers a request of no rows', async () => {
    const { outputs } = await call([], { threshold: 0.5 });
    expect(outputs['label_name']).toEqual({ datatype: 'BYTES', shape: [0], data: [] });
  });

  it.each([
    [{}, true],
    [{ threshold: 0 }, true],
    [{ threshold: 1 }, true],
    [{ threshold: 1.01 }, false],
    [{ threshold: -0.01 }, false],
    [{ threshold: '0.5' }, false],
    [{ treshold: 0.5 }, false],
  ])('says of params %j: valid is %s', async (params, valid) => {
    const { schema } = await call([SURE], {});
    expect(new Ajv2020({ strict: true }).validate(schema, params)).toBe(valid);
  });
});
