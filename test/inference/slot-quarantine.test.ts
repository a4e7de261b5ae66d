import { rm, writeFile } from 'node:fs/promises';
import { LeftBehind } from '../../src/inference/left-behind';
import { Metrics } from '../../src/metrics';
import { eventually } from '../support/eventually';
import { config } from './requests';
import { ASKS, Scene } from './slot-scene';

const QUARANTINED = { code: 'QUARANTINED', retryable: false } as const;

/** Loses the worker of `version`, and waits until the slot answers again, whichever version does. */
async function lose(scene: Scene, version: string, times = 1): Promise<void> {
  for (let lost = 0; lost < times; lost += 1) {
    await eventually(() => scene.slot.serving?.version === version);
    await expect(scene.ask(ASKS.exit)).rejects.toMatchObject({ code: 'NOT_READY' });
    await eventually(() => scene.slot.serving);
  }
}

/** Version 2, promoted after 1, has lost three workers. */
async function quarantined(): Promise<Scene> {
  const scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await lose(scene, '2', 3);
  return scene;
}

test('a version that loses three workers gives way to the one before it, and the state says so', async () => {
  await using scene = await quarantined();
  expect(scene.slot.state).toMatchObject({
    serving: { version: '1', stamp: 'a' },
    resident: ['1'],
    fault: QUARANTINED,
  });
  expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'a' });
  expect(await scene.metrics.registry.metrics()).toContain(
    'zooserve_quarantines_total{model="m",version="2"} 1',
  );
  expect((await scene.trace()).filter((line) => line === '2 loading')).toHaveLength(3);
});

test('it is refused until it is promoted again, and begins anew then', async () => {
  await using scene = await quarantined();
  await expect(scene.slot.serve({ version: '2', stamp: 'b' })).rejects.toMatchObject(QUARANTINED);
  expect(scene.slot.state).toMatchObject({ serving: { version: '1' }, fault: QUARANTINED });
  await expect(scene.slot.serve({ version: '2', stamp: 'c' })).resolves.toMatchObject({ outcome: 'swapped' });
  expect(scene.slot.state).toMatchObject({
    serving: { version: '2', stamp: 'c' },
    resident: ['2', '1'],
    fault: undefined,
  });
  await lose(scene, '2', 2);
  expect(scene.slot.serving?.version).toBe('2');
});

test('the version that stands in, promoted itself, is at fault no more', async () => {
  await using scene = await quarantined();
  await expect(scene.slot.serve({ version: '1', stamp: 'c' })).resolves.toMatchObject({
    outcome: 'unchanged',
  });
  expect(scene.slot.state).toMatchObject({ serving: { version: '1', stamp: 'c' }, fault: undefined });
});

test('configs, and deaths of the version that stands in, change nothing about whom it stands in for', async () => {
  await using scene = await quarantined();
  await scene.slot.configure(config({ session: { intraOpThreads: 2 } }), 'z');
  expect(scene.slot.state).toMatchObject({ serving: { version: '1', stamp: 'a' }, fault: QUARANTINED });
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.state.fault?.code === 'CRASHED_WHILE_LOADING');
  await eventually(() => scene.slot.serving);
  expect(scene.slot.state).toMatchObject({ serving: { version: '1', stamp: 'a' }, fault: QUARANTINED });
});

test('a version that refuses the config in force does not stand in', async () => {
  await using scene = await Scene.open({ slowRetryMs: 100 });
  const strict = 'export default { params: { type: "object", additionalProperties: false } };';
  await writeFile(scene.path('models/m/1/handler.js'), strict);
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await scene.slot.configure(config({ params: { strict: true } }), 'z');
  await lose(scene, '2', 3);
  expect(scene.slot.state).toMatchObject({ serving: { version: '2' }, fault: undefined });
});

test('with nothing to take its place a version whose workers hang is given up, until a new config', async () => {
  const metrics = new Metrics();
  const leftBehind = new LeftBehind(metrics);
  await using scene = await Scene.open({ hangAfterMs: 300, leftBehind, metrics });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  for (let hung = 0; hung < 3; hung += 1) {
    await eventually(() => scene.slot.serving);
    await expect(scene.ask(ASKS.waitForGate)).rejects.toMatchObject({ code: 'NOT_READY' });
  }
  await eventually(() => scene.slot.state.fault?.code === 'QUARANTINED');
  expect(scene.slot.state).toMatchObject({ serving: undefined, fault: QUARANTINED });
  expect(leftBehind.names).toHaveLength(3);
  await expect(scene.ask()).rejects.toMatchObject({ code: 'NOT_READY' });
  await expect(scene.slot.serve({ version: '1', stamp: 'a' })).rejects.toMatchObject(QUARANTINED);
  await scene.openGate();
  await eventually(() => leftBehind.names.length === 0);
  await expect(scene.slot.configure(config(), 'z')).resolves.toBe('applied');
  expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'a' });
  await expect(scene.slot.serve({ version: '1', stamp: 'a' })).resolves.toMatchObject({
    outcome: 'unchanged',
  });
});

test('what cannot be started again at all gives way at once', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await rm(scene.path('models/m/2/model.onnx'));
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.serving?.version === '1');
  expect(scene.slot.state).toMatchObject({
    serving: { version: '1', stamp: 'a' },
    fault: { code: 'NOT_FOUND', retryable: false },
  });
});
