import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SlotPhase } from '../../src/inference/version-builder';
import { eventually } from '../support/eventually';
import { config } from './requests';
import { ASKS, FIXTURES, output, Scene } from './slot-scene';

const keep = (keepPrevious: number) => config({ residency: { keepPrevious } });

test('a version is built, swapped in and answers, with the stamps of what it was chosen by', async () => {
  await using scene = await Scene.open();
  await expect(scene.ask()).rejects.toMatchObject({ code: 'NOT_READY' });
  expect(scene.slot.serving).toBeUndefined();
  expect(() => scene.slot.signature()).toThrow('model m serves no version yet');

  const phases: SlotPhase[] = [];
  const served = await scene.slot.serve({
    version: '1',
    stamp: 'a',
    onPhase: (phase) => phases.push(phase),
  });
  expect(phases).toEqual(['FETCHING', 'VERIFYING', 'LOADING', 'WARMING']);
  expect(served.outcome).toBe('swapped');
  expect(Object.values(served.ms).every((ms) => ms >= 0)).toBe(true);
  expect(scene.slot.serving).toEqual({
    version: '1',
    stamp: 'a',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    beside: { 'model.json': null, 'handler.js': expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  });

  const answer = await scene.ask();
  expect(answer).toMatchObject({ version: '1', versionStamp: 'a', configStamp: undefined, jsonLength: -1 });
  expect(output(answer, 'version')).toEqual([1]);
  expect(scene.slot.signature()).toMatchObject({
    version: '1',
    signature: { inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 1] }], batchable: true },
  });
});

test('the same version promoted again changes the stamp only', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const served = await scene.slot.serve({ version: '1', stamp: 'b' });
  expect(served).toMatchObject({ outcome: 'unchanged', ms: { fetch: 0, load: 0, warm: 0 } });
  expect((await scene.ask()).versionStamp).toBe('b');
  expect(scene.slot.serving?.stamp).toBe('b');
});

test('the version before is kept: rolling back to it loads nothing', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  expect(scene.slot.resident).toEqual(['2', '1']);
  const onPhase = jest.fn();
  const served = await scene.slot.serve({ version: '1', stamp: 'c', onPhase });
  expect(served).toMatchObject({ outcome: 'resident', ms: { fetch: 0, load: 0, warm: 0 } });
  expect(onPhase).not.toHaveBeenCalled();
  expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'c' });
  expect(scene.slot.resident).toEqual(['1', '2']);
  expect((await scene.trace()).filter((line) => line.endsWith('loading'))).toEqual([
    '1 loading',
    '2 loading',
  ]);
});

test('a version in the URL reaches what is in memory, and nothing else', async () => {
  await using scene = await Scene.open();
  for (const version of ['1', '2', '3']) await scene.slot.serve({ version, stamp: version });
  expect(scene.slot.resident).toEqual(['3', '2']);
  await expect(scene.ask(ASKS.nothing, { version: '2' })).resolves.toMatchObject({
    version: '2',
    versionStamp: undefined,
  });
  await expect(scene.ask(ASKS.nothing, { version: '3' })).resolves.toMatchObject({
    version: '3',
    versionStamp: undefined,
  });
  await expect(scene.ask(ASKS.nothing, { version: '1' })).rejects.toMatchObject({
    code: 'UNKNOWN_VERSION',
    message: 'model m has no version 1 in memory; there are: 3, 2',
  });
  expect(scene.slot.signature('2').version).toBe('2');
  expect(() => scene.slot.signature('1')).toThrow('there are: 3, 2');
  await scene.traced('1 ended');
});

test('keepPrevious counts the versions kept, the most recently replaced first; lowered, it ends the others', async () => {
  await using scene = await Scene.open();
  await scene.slot.configure(keep(2), 'k2');
  for (const version of ['1', '2', '3', '4']) await scene.slot.serve({ version, stamp: version });
  expect(scene.slot.resident).toEqual(['4', '3', '2']);
  await scene.traced('1 ended');
  await scene.slot.serve({ version: '2', stamp: 'back' });
  expect(scene.slot.resident).toEqual(['2', '4', '3']);
  await scene.slot.configure(keep(1), 'k1');
  expect(scene.slot.resident).toEqual(['2', '4']);
  await scene.traced('3 ended');
  await scene.slot.configure(keep(0), 'k0');
  expect(scene.slot.resident).toEqual(['2']);
  await scene.traced('4 ended');
  expect(await scene.trace()).not.toContain('2 ended');
});

test('a request is answered by the version that it began with, which ends only then', async () => {
  await using scene = await Scene.open();
  await scene.slot.configure(
    config({ residency: { keepPrevious: 0 }, admission: { timeoutMs: 60_000 } }),
    'k',
  );
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const running = scene.ask(ASKS.waitForGate);
  await scene.traced('1 run -1');
  const waiting = scene.ask();
  await scene.slot.serve({ version: '2', stamp: 'b' });
  expect(scene.slot.resident).toEqual(['2']);
  expect((await scene.ask()).version).toBe('2');
  expect(await scene.trace()).not.toContain('1 ended');
  await scene.openGate();
  for (const answer of await Promise.all([running, waiting])) {
    expect(answer).toMatchObject({ version: '1', versionStamp: 'a' });
    expect(output(answer, 'version')).toEqual([1]);
  }
  await scene.traced('1 ended');
});

describe('a version that fails', () => {
  test.each([
    ['NOT_FOUND', '9', 'version 9 of model m is not in the repository; there are: 1, 2, 3, 4'],
    ['BAD_VERSION', '../../etc', 'cannot name a version'],
    ['BAD_MODEL', 'truncated', ''],
    ['CRASHED_WHILE_LOADING', 'exits', 'the worker of model m version exits ended while loading: '],
  ])('with %s leaves the one that works', async (code, version, message) => {
    await using scene = await Scene.open();
    await scene.add('truncated', join(FIXTURES, 'truncated/1/model.onnx'));
    await scene.add('exits', join(FIXTURES, 'which_version/4/model.onnx'));
    await scene.exitOnLoad('exits');
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await expect(scene.slot.serve({ version, stamp: 'b' })).rejects.toMatchObject({
      name: 'ModelError',
      code,
      message: expect.stringContaining(message) as string,
    });
    expect(scene.slot.serving).toMatchObject({ version: '1', stamp: 'a' });
    expect((await scene.ask()).version).toBe('1');
  });

  test('with other bytes than expected, loaded or not, is not served', async () => {
    await using scene = await Scene.open();
    const expectedSha256 = '0'.repeat(64);
    await scene.slot.serve({ version: '1', stamp: 'a' });
    for (const version of ['1', '2']) {
      await expect(scene.slot.serve({ version, stamp: 'b', expectedSha256 })).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
    }
    expect(scene.slot.serving).toMatchObject({ version: '1', stamp: 'a' });
    const { sha256 } = scene.slot.serving ?? {};
    await scene.slot.serve({ version: '1', stamp: 'c', expectedSha256: sha256 });
    expect(scene.slot.serving?.stamp).toBe('c');
  });

  test('with another file beside it than expected, loaded or not, is not served', async () => {
    await using scene = await Scene.open();
    const expectedBeside = { 'handler.js': '0'.repeat(64) };
    await scene.slot.serve({ version: '1', stamp: 'a' });
    for (const version of ['1', '2']) {
      await expect(scene.slot.serve({ version, stamp: 'b', expectedBeside })).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
    }
    expect(scene.slot.serving).toMatchObject({ version: '1', stamp: 'a' });
    await scene.slot.serve({ version: '1', stamp: 'c', expectedBeside: { 'model.json': null } });
    expect(scene.slot.serving?.stamp).toBe('c');
  });

  test('is not built anew with another file beside it than it had', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await writeFile(scene.path('models/m/1/handler.js'), 'export default {};');
    await expect(scene.slot.configure(config({ session: { intraOpThreads: 2 } }), 'z')).rejects.toMatchObject(
      { path: '$.session', message: expect.stringContaining('handler.js of m 1') as string },
    );
    await scene.ask(ASKS.exit).catch(() => undefined);
    await eventually(() => scene.slot.state.fault?.code === 'DIGEST_MISMATCH');
    await expect(scene.slot.serve({ version: '1', stamp: 'b' })).resolves.toMatchObject({
      outcome: 'swapped',
    });
  });

  test('because its worker ends as it loads is worth a retry twice, not a third time', async () => {
    await using scene = await Scene.open();
    await scene.exitOnLoad('2');
    const retryable: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      await scene.slot.serve({ version: '2', stamp: 'a' }).catch((error: unknown) => {
        retryable.push((error as { retryable: boolean }).retryable);
      });
    }
    expect(retryable).toEqual([true, true, false]);
    await scene.loadWell('2');
    await expect(scene.slot.serve({ version: '2', stamp: 'b' })).resolves.toMatchObject({
      outcome: 'swapped',
    });
  });
});

test('a version that was kept is built anew when other bytes are expected now', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '3', stamp: 'a' });
  const { sha256 } = scene.slot.serving ?? {};
  await scene.slot.serve({ version: '1', stamp: 'b' });
  await scene.slot.serve({ version: '2', stamp: 'c' });
  await scene.add('1', join(FIXTURES, 'which_version/3/model.onnx'));
  const served = await scene.slot.serve({ version: '1', stamp: 'd', expectedSha256: sha256 });
  expect(served.outcome).toBe('swapped');
  expect(output(await scene.ask(), 'version')).toEqual([3]);
  expect(scene.slot.resident).toEqual(['1', '2']);
  await scene.traced('1 ended');
});

test('the gauge of the current version follows', async () => {
  await using scene = await Scene.open();
  const current = async () => {
    const { values } = await scene.metrics.live.current.get();
    return values.map(({ labels, value }) => [labels.version, value]);
  };
  await scene.slot.serve({ version: '1', stamp: 'a' });
  expect(await current()).toEqual([['1', 1]]);
  await scene.slot.serve({ version: '2', stamp: 'b' });
  expect(await current()).toEqual([['2', 1]]);
});
