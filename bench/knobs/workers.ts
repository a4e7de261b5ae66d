import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binaryRequest, jsonRequest } from '../load/infer-request';
import { someRows } from '../some-rows';
import { rate } from './clients';
import { compare, each, type Knobs } from './compare';

const MODELS = { mlp: [784, 512, 512, 10], small: [4, 3], waits: [4, 3] } as const;
/** More than `admission.maxConcurrent`, so that each worker has enough to do. */
const CLIENTS = 128;
/** Waits 2 ms a request without using a core, as a `handler.js` may that asks a device. */
const WAITING = `const cell = new Int32Array(new SharedArrayBuffer(4));
export default { preprocess(inputs) { Atomics.wait(cell, 0, 0, 2); return inputs; } };
`;

/** Two threads for each version in place of one. */
export async function workers({ stand, rounds, windowMs }: Knobs): Promise<void> {
  for (const [model, widths] of Object.entries(MODELS)) await stand.addPerceptron(model, widths);
  for (const version of ['1', '2']) {
    await writeFile(join(stand.repository, 'waits', version, 'handler.js'), WAITING);
  }
  const promoted = Object.fromEntries(Object.keys(MODELS).map((model) => [model, '1']));
  await using one = await stand.startReplica('/one', promoted);
  await using two = await stand.startReplica('/two', promoted, ['--workers', '2']);
  const json = (model: 'small' | 'waits'): Buffer[] =>
    someRows(16, [1, MODELS[model][0]]).map((rows) => jsonRequest(model, rows));
  const loads = {
    'MLP, 1 row': someRows(16, [1, MODELS.mlp[0]]).map((rows) => binaryRequest('mlp', rows)),
    '4 floats as JSON': json('small'),
    'waits 2 ms a request': json('waits'),
  };
  for (const [what, requests] of Object.entries(loads)) {
    await compare(
      rounds,
      `${what}, ${CLIENTS} clients`,
      each({ '--workers 1': one, '--workers 2': two }, ({ url }) => rate(url, CLIENTS, requests, windowMs)),
    );
  }
}
