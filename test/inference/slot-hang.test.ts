import { LeftBehind } from '../../src/inference/left-behind';
import type { ModelSlotOptions } from '../../src/inference/slot';
import { Metrics } from '../../src/metrics';
import { eventually } from '../support/eventually';
import { ASKS, NAP_MS, output, Scene } from './slot-scene';

const WORKER = 'the worker of model m version 1';

async function hangScene(options: Partial<ModelSlotOptions> = {}) {
  const metrics = new Metrics();
  const leftBehind = new LeftBehind(metrics);
  const scene = await Scene.open({ hangAfterMs: 400, metrics, leftBehind, ...options });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const value = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values;
  /** With the threads left behind, which write into the scene's directory as they end. */
  const dispose = async () => {
    await scene.openGate();
    await eventually(() => leftBehind.names.length === 0);
    await scene[Symbol.asyncDispose]();
  };
  return { scene, leftBehind, value, [Symbol.asyncDispose]: dispose };
}

test('a call that does not return fails its requests and those behind them, and another worker takes over', async () => {
  await using hang = await hangScene();
  const { scene, leftBehind, value } = hang;
  const held = scene.ask(ASKS.waitForGate);
  const fault = eventually(() => scene.slot.state.fault);
  await scene.traced('1 run -1');
  const message = `${WORKER} hangs: nothing came back from a call for 400 ms`;
  for (const outcome of await Promise.allSettled([held, scene.ask(), scene.ask()])) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'NOT_READY', message } });
  }
  expect(await fault).toMatchObject({
    code: 'TIMEOUT',
    retryable: true,
    message: `while it served, ${message}`,
  });
  await eventually(() => scene.slot.serving);
  expect(output(await scene.ask(), 'version')).toEqual([1]);
  expect(scene.slot.state).toMatchObject({ serving: { version: '1', stamp: 'a' }, fault: undefined });
  expect(leftBehind.names).toEqual([WORKER]);
  expect(await value('zooserve_workers_left_behind')).toMatchObject([{ value: 1 }]);
  expect(await value('zooserve_worker_deaths_total')).toMatchObject([
    { value: 1, labels: { model: 'm', version: '1', how: 'hung' } },
  ]);
  expect(scene.lines).toContainEqual(
    expect.objectContaining({ level: 50, msg: 'the worker thread hangs inside a call: it is left behind' }),
  );

  await scene.openGate();
  await eventually(() => leftBehind.names.length === 0);
  expect(await value('zooserve_workers_left_behind')).toMatchObject([{ value: 0 }]);
  expect(scene.lines).toContainEqual(
    expect.objectContaining({ msg: 'the worker thread that was left behind has ended' }),
  );
  expect(output(await scene.ask(), 'version')).toEqual([1]);
});

test('a version that was kept and hangs is forgotten, and the one that serves is not touched', async () => {
  await using hang = await hangScene();
  const { scene } = hang;
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await expect(scene.ask(ASKS.waitForGate, { version: '1' })).rejects.toMatchObject({ code: 'NOT_READY' });
  await eventually(() => scene.slot.resident.length === 1);
  expect(scene.slot.state).toMatchObject({ serving: { version: '2' }, fault: undefined });
});

test('a batch of many short steps does not hang', async () => {
  await using hang = await hangScene({ hangAfterMs: 3 * NAP_MS });
  const { scene } = hang;
  await Promise.all(Array.from({ length: 6 }, () => scene.ask(ASKS.nap)));
  expect((await scene.trace()).filter((line) => line === '1 loading')).toHaveLength(1);
});

test('time during which the event loop is blocked does not count', async () => {
  await using hang = await hangScene({ hangAfterMs: 1000 });
  const { scene } = hang;
  const held = scene.ask(ASKS.waitForGate);
  await scene.traced('1 run -1');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  // What is due is run first.
  await new Promise((resolve) => setTimeout(resolve));
  await scene.openGate();
  expect(output(await held, 'version')).toEqual([1]);
});

test('closing with a worker that hangs takes no longer than a worker is given to finish its batch', async () => {
  await using hang = await hangScene({ hangAfterMs: 60_000, callTimeoutMs: 100 });
  const { scene, leftBehind } = hang;
  const late = scene.ask(ASKS.waitForGate, { arrivedAt: performance.now() });
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await scene.slot[Symbol.asyncDispose]();
  expect(leftBehind.names).toEqual([WORKER]);
});
