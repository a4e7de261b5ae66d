import type { ModelSlotOptions } from '../../src/inference/slot';
import { config } from './requests';
import { passes } from '../support/passes';
import { ASKS, NAP_MS, output, Scene } from './slot-scene';

const TIMEOUT_MS = 100;
/** By then the watch of a worker, which counts ticks of 500 ms, has noticed that it is inside one call for longer. */
const NOTICED_MS = 1500;

const stalled = {
  code: 'STALLED',
  message: `every worker of model m version 1 has been inside one call for longer than ${TIMEOUT_MS} ms (admission.timeoutMs)`,
};

async function open(options: Partial<ModelSlotOptions> = {}): Promise<Scene> {
  const scene = await Scene.open({ hangAfterMs: 60_000, ...options });
  await scene.slot.configure(config({ admission: { timeoutMs: TIMEOUT_MS } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  return scene;
}

/** A request that is in a worker's hands, and not late, until the gate opens. */
async function hold(scene: Scene) {
  const before = (await scene.trace()).length;
  const held = scene.ask(ASKS.waitForGate);
  await passes(async () => {
    expect(await scene.trace()).toHaveLength(before + 1);
  });
  return { answer: held };
}

/** What becomes of a request that arrives now. */
const asked = (scene: Scene): Promise<unknown> => scene.ask(ASKS.nothing, { arrivedAt: performance.now() });
const isStalled = (scene: Scene): Promise<void> =>
  passes(async () => {
    await expect(asked(scene)).rejects.toMatchObject(stalled);
  });

test('while a call takes longer than a request may, what arrives is refused at once, and what is in hand is not', async () => {
  await using scene = await open();
  const { answer } = await hold(scene);
  await isStalled(scene);
  const began = performance.now();
  for (let times = 0; times < 50; times += 1) await expect(asked(scene)).rejects.toMatchObject(stalled);
  expect(performance.now() - began).toBeLessThan((50 * TIMEOUT_MS) / 2);
  await expect(scene.ask(ASKS.nothing, { version: '1' })).rejects.toMatchObject(stalled);
  expect(scene.slot.state).toMatchObject({ serving: { version: '1' }, fault: undefined });
  await scene.openGate();
  expect(output(await answer, 'version')).toEqual([1]);
  expect(output(await scene.ask(), 'version')).toEqual([1]);
});

test('another version in memory answers meanwhile', async () => {
  await using scene = await open();
  const { answer } = await hold(scene);
  await isStalled(scene);
  await scene.slot.serve({ version: '2', stamp: 'b' });
  expect(output(await scene.ask(), 'version')).toEqual([2]);
  await scene.openGate();
  await answer;
});

test('as long as one of several workers can take requests they are let in', async () => {
  await using scene = await open({ workers: 2 });
  const held = [await hold(scene)];
  const until = performance.now() + NOTICED_MS;
  while (performance.now() < until) expect(output(await scene.ask(), 'version')).toEqual([1]);
  held.push(await hold(scene));
  await isStalled(scene);
  await scene.openGate();
  for (const { answer } of held) expect(output(await answer, 'version')).toEqual([1]);
});

test('a batch of many calls, each in time, refuses nobody', async () => {
  await using scene = await open();
  await scene.slot.configure(config({ admission: { timeoutMs: 2 * NAP_MS } }), 'y');
  const steps = 12;
  const batch = Array.from({ length: steps }, () => scene.ask(ASKS.nap));
  await passes(async () => {
    expect((await scene.trace()).filter((line) => line.startsWith('1 run -4')).length).toBeGreaterThan(
      NOTICED_MS / NAP_MS,
    );
  });
  const late = scene.ask();
  expect((await scene.trace()).filter((line) => line.startsWith('1 run')).length).toBeLessThanOrEqual(steps);
  for (const answer of await Promise.all([...batch, late])) expect(output(answer, 'version')).toEqual([1]);
});
