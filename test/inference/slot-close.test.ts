import { config } from './requests';
import { ASKS, output, Scene } from './slot-scene';

test('closing answers all that is in hand, lets nobody in, ends the workers, and is safe twice', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  const running = scene.ask(ASKS.waitForGate);
  await scene.traced('2 run -1');
  const waiting = scene.ask();
  const completed = jest.fn();
  scene.slot.state$.subscribe({ complete: completed });

  const closed = scene.slot[Symbol.asyncDispose]();
  const again = scene.slot[Symbol.asyncDispose]();
  const refused = { code: 'NOT_READY', message: 'model m is being unloaded' };
  await expect(scene.ask()).rejects.toMatchObject(refused);
  expect(() => scene.slot.signature()).toThrow('model m is being unloaded');
  await expect(scene.slot.serve({ version: '1', stamp: 'c' })).rejects.toMatchObject(refused);
  await expect(scene.slot.configure(config(), 'z2')).rejects.toMatchObject(refused);
  expect(await scene.trace()).not.toContain('2 ended');

  await scene.openGate();
  for (const answer of await Promise.all([running, waiting])) expect(output(answer, 'version')).toEqual([2]);
  await Promise.all([closed, again]);
  expect((await scene.trace()).filter((line) => line.endsWith('ended')).sort()).toEqual([
    '1 ended',
    '2 ended',
  ]);
  expect(scene.slot.serving).toBeUndefined();
  expect(scene.slot.resident).toEqual([]);
  expect(completed).toHaveBeenCalled();
  expect((await scene.metrics.live.current.get()).values).toEqual([]);
  expect((await scene.metrics.queueDepth.get()).values).toEqual([]);
});

test('closing waits for a load in progress, and drops it', async () => {
  await using scene = await Scene.open();
  await scene.holdLoad('1');
  const served = scene.slot.serve({ version: '1', stamp: 'a' });
  served.catch(() => undefined);
  await scene.traced('1 loading');
  const closed = scene.slot[Symbol.asyncDispose]();
  await expect(served).rejects.toMatchObject({ code: 'NOT_READY' });
  await scene.openGate();
  await closed;
  expect(await scene.trace()).toEqual(['1 loading', '1 ended']);
});

test('a slot that never served closes', async () => {
  await using scene = await Scene.open();
  await scene.slot[Symbol.asyncDispose]();
  await expect(scene.ask()).rejects.toMatchObject({ code: 'NOT_READY' });
});

test('a worker that died is not started again while the slot closes', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.ask(ASKS.exit).catch(() => undefined);
  await scene.slot[Symbol.asyncDispose]();
  expect((await scene.trace()).filter((line) => line === '1 loading')).toHaveLength(1);
});
