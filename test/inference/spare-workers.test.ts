import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { DEFAULT_CONFIG } from '../../src/handler-config';
import { startModelThread } from '../../bench/workers/start-model-thread';
import { SpareWorkers } from '../../src/inference/spare-workers';
import { eventually } from '../support/eventually';
import { logged } from '../support/logged';
import { fixtures } from '../support/repositories';

async function load(spares: SpareWorkers) {
  const files = await fixtures.locate('identity_fp32', '1');
  const params = { epoch: 0, params: {} };
  const data = { files, session: DEFAULT_CONFIG.session, handlers: true, params };
  return startModelThread({ data, log: pino({ level: 'silent' }), spares });
}

test('a spare thread loads the model that it is given; when there is none left, a fresh one does', async () => {
  await using spares = new SpareWorkers(1);
  const threads = [await load(spares), await load(spares)];
  expect(threads.map(({ ready }) => ready.signature.inputs[0]?.datatype)).toEqual(['FP32', 'FP32']);
  await Promise.all(threads.map((thread) => thread.end()));
});

test('threads that nobody took are ended, those that were taken are not', async () => {
  const spares = new SpareWorkers(2);
  const taken = spares.take();
  const exited = once(taken, 'exit');
  const told = jest.fn();
  taken.on('exit', told);
  // It resolves when they are gone.
  await spares[Symbol.asyncDispose]();
  expect(told).not.toHaveBeenCalled();
  taken.postMessage({ type: 'end' });
  await exited;
});

const ENDED = 'a worker thread that was started ahead has ended';
const run = (script: string) => () => new Worker(script, { eval: true });

test.each<[string, () => Worker, string]>([
  ['that fails before anybody takes it', run('throw new Error("broken on purpose")'), 'broken on purpose'],
  ['that ends before anybody takes it', run('process.exit(3)'), 'exit code 3'],
])('a spare thread %s is logged once, and a fresh one takes its place', async (_, start, error) => {
  const { log, lines } = logged();
  await using spares = new SpareWorkers(1, start);
  spares.reportTo(log);
  await eventually(() => lines.length > 0);
  const thread = await load(spares);
  await thread.end();
  expect(lines).toEqual([{ level: 'warn', error, msg: ENDED }]);
});

test('threads that the system does not give are told once there is a log', async () => {
  await using spares = new SpareWorkers(2, () => {
    throw new Error('no thread to give');
  });
  const { log, lines } = logged();
  spares.reportTo(log);
  const line = { level: 'warn', error: 'no thread to give', msg: 'no worker thread could be started ahead' };
  expect(lines).toEqual([line, line]);
});
