import { once } from 'node:events';
import { pino } from 'pino';
import { DEFAULT_CONFIG } from '../../src/handler-config';
import { startModelThread } from '../../src/inference/model-thread';
import { SpareWorkers } from '../../src/inference/spare-workers';
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
