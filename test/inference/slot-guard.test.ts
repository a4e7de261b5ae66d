import { LoadTimeoutError, ModelError } from '../../src/errors';
import type { GuardLoad, NativeLoad } from '../../src/inference/guard-load';
import { eventually } from '../support/eventually';
import { config } from './requests';
import { ASKS, Scene } from './slot-scene';

/** Lets every load through but those that `stop` is true of: they wait until they are not wanted any more. */
function guard(stop: (load: NativeLoad) => boolean = () => false) {
  const seen: NativeLoad[] = [];
  const guardLoad: GuardLoad = (what, load, signal) => {
    seen.push(what);
    if (!stop(what)) return load();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  };
  return { seen, guardLoad };
}

test('every load runs in the guard: of a promotion, of a config, of a version that is started again', async () => {
  const { seen, guardLoad } = guard();
  await using scene = await Scene.open({ guardLoad });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.configure(config({ session: { intraOpThreads: 2 } }), 'z');
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => seen.length === 3);
  await eventually(() => scene.slot.serving);
  const of = { model: 'm', version: '1', stamp: 'a' };
  expect(seen).toMatchObject([
    { ...of, session: { intraOpThreads: 1 } },
    { ...of, session: { intraOpThreads: 2 } },
    { ...of, session: { intraOpThreads: 2 } },
  ]);
  expect(seen[0]?.files.map((path) => path.split('/').at(-1))).toEqual(['model.onnx', 'handler.js']);
});

test('a load that waits for its turn is dropped when another version is wanted', async () => {
  const { seen, guardLoad } = guard(({ version }) => version === '2');
  await using scene = await Scene.open({ guardLoad });
  const unwanted = new AbortController();
  const waiting = scene.slot.serve({ version: '2', stamp: 'b', signal: unwanted.signal });
  await eventually(() => seen.length === 1);
  const next = scene.slot.serve({ version: '3', stamp: 'c' });
  unwanted.abort(new Error('overtaken'));
  await expect(waiting).rejects.toThrow('overtaken');
  await expect(next).resolves.toMatchObject({ outcome: 'swapped' });
});

test('closing does not wait for a load that waits for its turn', async () => {
  const { seen, guardLoad } = guard(() => true);
  await using scene = await Scene.open({ guardLoad });
  const waiting = scene.slot.serve({ version: '1', stamp: 'a' });
  await eventually(() => seen.length === 1);
  const closed = scene.slot[Symbol.asyncDispose]();
  await expect(waiting).rejects.toMatchObject({ code: 'NOT_READY' });
  await closed;
});

test('what the guard refuses is refused, however often it is asked for', async () => {
  const refusal = new ModelError('CRASHED_WHILE_LOADING', 'it ended the process');
  await using scene = await Scene.open({ guardLoad: () => Promise.reject(refusal) });
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await expect(scene.slot.serve({ version: '1', stamp: 'a' })).rejects.toBe(refusal);
  }
});

test('a load that is given up tells when it has ended after all, in all of its workers', async () => {
  await using scene = await Scene.open({ workers: 2, loadTimeoutMs: 3000 });
  await scene.holdLoad('1');
  const error: unknown = await scene.slot
    .serve({ version: '1', stamp: 'a' })
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof LoadTimeoutError)) throw new Error('it was not given up');
  const told = jest.fn();
  void error.ended.then(told);
  await scene.traced('1 loading');
  expect(told).not.toHaveBeenCalled();
  await scene.openGate();
  await error.ended;
  expect((await scene.trace()).filter((line) => line === '1 ended')).toHaveLength(2);
});
