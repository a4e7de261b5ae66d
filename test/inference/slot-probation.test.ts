import { rm, writeFile } from 'node:fs/promises';
import type { KnownVersion, KnownVersions } from '../../src/inference/known-versions';
import { eventually } from '../support/eventually';
import { config } from './requests';
import { ASKS, output, Scene } from './slot-scene';

/** Longer than any test. */
const NEVER_MS = 3_600_000;

/** Loses the worker of `version` so often, and waits until the slot answers again before each. */
async function lose(scene: Scene, version: string, times: number): Promise<void> {
  for (let lost = 0; lost < times; lost += 1) {
    await eventually(() => scene.slot.serving?.version === version);
    await expect(scene.ask(ASKS.exit)).rejects.toMatchObject({ code: 'NOT_READY' });
  }
}

/** What served before by its caller's account, and what that is told. */
function known() {
  const others: KnownVersion[] = [];
  const told: unknown[] = [];
  const versions: KnownVersions = {
    others: (version) => others.filter((other) => other.version !== version),
    quarantined: (promotion, reason) => told.push({ ...promotion, reason }),
  };
  return { others, told, versions };
}

/** A slot that keeps nothing in memory and has served version 1, then 2. */
async function forgetful(others: KnownVersion[], options: Parameters<typeof Scene.open>[0]): Promise<Scene> {
  const scene = await Scene.open(options);
  await scene.slot.configure(config({ residency: { keepPrevious: 0 } }), 'z');
  for (const [version, stamp] of [
    ['1', 'a'],
    ['2', 'b'],
  ] as const) {
    await scene.slot.serve({ version, stamp });
    const { sha256: expectedSha256, beside: expectedBeside } = scene.slot.serving!;
    others.unshift({ version, stamp, expectedSha256, expectedBeside });
  }
  expect(scene.slot.resident).toEqual(['2']);
  return scene;
}

test('with nothing in memory a version that served before is built, and answers in place of the one that loses its workers', async () => {
  const { others, told, versions } = known();
  await using scene = await forgetful(others, { known: versions, slowRetryMs: NEVER_MS });
  await lose(scene, '2', 3);
  await eventually(() => scene.slot.serving?.version === '1');
  expect(scene.slot.state).toMatchObject({
    serving: { version: '1', stamp: 'a' },
    resident: ['1'],
    fault: { code: 'QUARANTINED', retryable: false },
  });
  expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'a' });
  const reason = 'it has lost 3 workers within 10 minutes (the last one ended: exit code 7)';
  await eventually(() => told.length > 0);
  expect(told).toEqual([{ version: '2', stamp: 'b', reason }]);
  await expect(scene.slot.serve({ version: '2', stamp: 'b' })).rejects.toMatchObject({ code: 'QUARANTINED' });
  await expect(scene.slot.serve({ version: '2', stamp: 'c' })).resolves.toMatchObject({ outcome: 'swapped' });
  expect(scene.slot.state).toMatchObject({ serving: { version: '2', stamp: 'c' }, fault: undefined });
});

test('one that served before and cannot be built is passed over', async () => {
  const { others, told, versions } = known();
  await using scene = await forgetful(others, { known: versions, slowRetryMs: NEVER_MS });
  others.unshift({ version: '3', stamp: 'c', expectedSha256: '0'.repeat(64) });
  await lose(scene, '2', 3);
  await eventually(() => scene.slot.serving?.version === '1');
  expect(await scene.logged('a version that served before cannot be built')).toMatchObject({ version: '3' });
  expect(told).toHaveLength(1);
});

test('one that refuses the config in force does not stand in', async () => {
  const { others, versions } = known();
  await using scene = await Scene.open({ known: versions, slowRetryMs: NEVER_MS });
  const strict = 'export default { params: { type: "object", additionalProperties: false } };';
  await writeFile(scene.path('models/m/1/handler.js'), strict);
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const { sha256: expectedSha256 } = scene.slot.serving!;
  others.push({ version: '1', stamp: 'a', expectedSha256 });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  const strange = { params: { strict: true }, residency: { keepPrevious: 0 } };
  await scene.slot.configure(config(strange), 'z');
  await lose(scene, '2', 3);
  await eventually(() => scene.slot.state.fault?.code === 'QUARANTINED');
  expect(scene.slot.state).toMatchObject({ serving: undefined, resident: [], fault: { retryable: true } });
});

test('with nothing to take its place a version is quarantined all the same, and tried again after a pause', async () => {
  const { told, versions } = known();
  await using scene = await Scene.open({ known: versions, slowRetryMs: 500 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await lose(scene, '1', 3);
  await eventually(() => scene.slot.state.fault?.code === 'QUARANTINED');
  expect(scene.slot.state).toMatchObject({
    serving: undefined,
    resident: [],
    fault: {
      retryable: true,
      message: expect.stringMatching(/no other version can answer .* it is started again in 1 s/) as string,
    },
  });
  const began = performance.now();
  await eventually(() => scene.slot.serving);
  expect(performance.now() - began).toBeGreaterThan(300);
  expect(scene.slot.state).toMatchObject({ serving: { version: '1', stamp: 'a' }, fault: undefined });
  expect(output(await scene.ask(), 'version')).toEqual([1]);
  // It has none left to lose now.
  await lose(scene, '1', 1);
  await eventually(() => scene.slot.state.fault?.code === 'QUARANTINED');
  expect(scene.slot.state.fault?.message).toContain('it has lost a worker again (that ended: exit code 7)');
  expect(await scene.metrics.registry.metrics()).toContain(
    'zooserve_quarantines_total{model="m",version="1"} 1',
  );
  expect(told).toEqual([]);
});

test.each([
  ['a promotion', (scene: Scene) => scene.slot.serve({ version: '1', stamp: 'b' })],
  ['a config', (scene: Scene) => scene.slot.configure(config({ batching: { maxRows: 7 } }), 'z')],
])('%s does not wait for the pause, and begins anew', async (_, ask) => {
  await using scene = await Scene.open({ slowRetryMs: NEVER_MS });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await lose(scene, '1', 3);
  await eventually(() => scene.slot.state.fault?.code === 'QUARANTINED');
  await ask(scene);
  expect(scene.slot.state).toMatchObject({ serving: { version: '1' }, fault: undefined });
  await lose(scene, '1', 2);
  await eventually(() => scene.slot.serving);
});

test('a version that cannot be started again gives way to one that served before', async () => {
  const { others, told, versions } = known();
  await using scene = await forgetful(others, { known: versions });
  await rm(scene.path('models/m/2/model.onnx'));
  await lose(scene, '2', 1);
  await eventually(() => scene.slot.serving?.version === '1');
  expect(scene.slot.state).toMatchObject({ fault: { code: 'NOT_FOUND', retryable: false } });
  expect(told).toEqual([]);
});
