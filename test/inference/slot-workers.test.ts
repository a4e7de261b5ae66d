import { rename, rm, writeFile } from 'node:fs/promises';
import type { InferenceAnswer } from '../../src/inference/inference-request';
import { eventually } from '../support/eventually';
import { config } from './requests';
import { ASKS, output, Scene } from './slot-scene';

/** Versions with two workers each. */

async function traced(scene: Scene, line: string): Promise<number> {
  return (await scene.trace()).filter((noted) => noted.startsWith(line)).length;
}

/** Requests that hold two workers of what serves, one each, until the gate opens. */
async function bothHeld(scene: Scene, version = '1'): Promise<Promise<InferenceAnswer>[]> {
  const before = await traced(scene, `${version} run -1`);
  const first = scene.ask(ASKS.waitForGate);
  await eventually(async () => (await traced(scene, `${version} run -1`)) === before + 1);
  const second = scene.ask(ASKS.waitForGate);
  await eventually(async () => (await traced(scene, `${version} run -1`)) === before + 2);
  return [first, second];
}

test('two workers answer side by side, and end with their version', async () => {
  await using scene = await Scene.open({ workers: 2 });
  await scene.slot.configure(config({ residency: { keepPrevious: 0 } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  expect(await traced(scene, '1 loading')).toBe(2);
  const held = await bothHeld(scene);
  await scene.openGate();
  for (const answer of await Promise.all(held)) expect(output(answer, 'version')).toEqual([1]);
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await eventually(async () => (await traced(scene, '1 ended')) === 2);
});

test('one that dies takes its own batch along and nothing else, and there are two again', async () => {
  await using scene = await Scene.open({ workers: 2 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const states: (string | undefined)[] = [];
  using _ = subscribed(scene, states);
  const held = scene.ask(ASKS.waitForGate);
  await scene.traced('1 run -1');
  const doomed = [scene.ask(ASKS.exit), scene.ask(ASKS.exit)];
  const outcomes = await Promise.allSettled(doomed);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  for (const request of doomed) {
    await expect(request).rejects.toMatchObject({
      code: 'NOT_READY',
      message: 'the worker of model m version 1 ended: exit code 7',
    });
  }
  expect(await scene.logged('a worker thread of a model is lost')).toMatchObject({ answers: true });
  await eventually(async () => (await traced(scene, '1 loading')) === 4);
  await scene.openGate();
  expect(output(await held, 'version')).toEqual([1]);
  await eventually(async () => (await traced(scene, '1 ended')) === 2);
  await rm(scene.path('gate'));
  const again = await bothHeld(scene);
  await scene.openGate();
  await Promise.all(again);
  expect(new Set(states)).toEqual(new Set(['1']));
  expect(scene.slot.state).toMatchObject({ resident: ['1'], fault: undefined });
});

test('one that cannot be replaced leaves the version with fewer, which is told until it has them all again', async () => {
  await using scene = await Scene.open({ workers: 2 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const { live } = scene.metrics;
  const gauges = async () =>
    (await Promise.all([live.workersWanted.get(), live.workersAlive.get()])).map(({ values }) => values);
  const of = { labels: { model: 'm', version: '1' } };
  expect(await gauges()).toEqual([[{ ...of, value: 2 }], [{ ...of, value: 2 }]]);
  await rename(scene.path('models/m/1/model.onnx'), scene.path('away'));
  await scene.ask(ASKS.exit).catch(() => undefined);
  expect(await scene.logged('a model could not be started again')).toBeDefined();
  expect(scene.slot.state).toMatchObject({
    serving: { version: '1' },
    workers: { wanted: 2, alive: 1 },
    fault: undefined,
  });
  expect(await gauges()).toEqual([[{ ...of, value: 2 }], [{ ...of, value: 1 }]]);
  await rename(scene.path('away'), scene.path('models/m/1/model.onnx'));
  await scene.slot.serve({ version: '1', stamp: 'b' });
  await eventually(() => scene.slot.state.workers?.alive === 2);
  expect(await gauges()).toEqual([[{ ...of, value: 2 }], [{ ...of, value: 2 }]]);
});

test('what waits goes to the worker that lives, not to the dead one', async () => {
  await using scene = await Scene.open({ workers: 2 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.holdLoad('1');
  const held = scene.ask(ASKS.waitForGate);
  await scene.traced('1 run -1');
  await scene.ask(ASKS.exit).catch(() => undefined);
  const waiting = [scene.ask(), scene.ask()];
  await scene.openGate();
  await held;
  for (const answer of await Promise.all(waiting)) expect(output(answer, 'version')).toEqual([1]);
});

test('a kept version that lacks a worker answers, and gets it back when it is promoted', async () => {
  await using scene = await Scene.open({ workers: 2 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await scene.ask(ASKS.exit, { version: '1' }).catch(() => undefined);
  expect(output(await scene.ask(ASKS.nothing, { version: '1' }), 'version')).toEqual([1]);
  await expect(scene.slot.serve({ version: '1', stamp: 'c' })).resolves.toMatchObject({
    outcome: 'resident',
  });
  await eventually(async () => (await traced(scene, '1 loading')) === 4);
  await eventually(async () => (await traced(scene, '1 ended')) === 2);
  expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'c' });
});

test('when the last one dies as well, its requests fail until the version is there again', async () => {
  await using scene = await Scene.open({ workers: 2 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.holdLoad('1');
  for (let worker = 0; worker < 2; worker += 1) await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.serving === undefined);
  await expect(scene.ask()).rejects.toMatchObject({ code: 'NOT_READY' });
  expect(scene.slot.state.fault).toMatchObject({ code: 'CRASHED_WHILE_LOADING', retryable: true });
  await scene.openGate();
  await eventually(() => scene.slot.serving);
  expect(await traced(scene, '1 loading')).toBe(4);
});

test('one that does not load fails the version, and the other is ended', async () => {
  await using scene = await Scene.open({ workers: 2 });
  await writeFile(
    scene.path('models/m/1/handler.js'),
    `import { appendFileSync, mkdirSync } from 'node:fs';
     process.on('exit', () => appendFileSync(${JSON.stringify(scene.path('trace'))}, '1 ended\\n'));
     mkdirSync(${JSON.stringify(scene.path('only-once'))});
     export default {};`,
  );
  await expect(scene.slot.serve({ version: '1', stamp: 'a' })).rejects.toMatchObject({ code: 'BAD_MODEL' });
  expect(await traced(scene, '1 ended')).toBe(2);
});

function subscribed(scene: Scene, into: (string | undefined)[]): Disposable {
  const subscription = scene.slot.state$.subscribe(({ serving }) => into.push(serving?.version));
  return {
    [Symbol.dispose]: () => {
      subscription.unsubscribe();
    },
  };
}
