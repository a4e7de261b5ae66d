import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Expected } from '../../src/inference/expected';
import { LoadGuard } from '../../src/state/load-guard';
import { writeSealed } from '../../src/state/sealed-file';
import { logged } from '../support/logged';
import { GuardedLoads, WANTED } from './guarded-loads';

let scene: GuardedLoads;
beforeEach(async () => {
  scene = await GuardedLoads.open();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

const refused = expect.objectContaining({
  name: 'ModelError',
  code: 'CRASHED_WHILE_LOADING',
  retryable: false,
  message: expect.stringContaining('2 loads of it had no end') as string,
}) as unknown;

test('a marker is there while a version is loaded, and afterwards none', async () => {
  const guard = await scene.guard();
  await guard.run(
    scene.load,
    async () => {
      expect(await scene.markers()).toHaveLength(1);
    },
    WANTED,
  );
  expect(await scene.markers()).toEqual([]);
  await expect(guard.run(scene.load, () => Promise.reject(new Error('bad')), WANTED)).rejects.toThrow('bad');
  expect(await scene.markers()).toEqual([]);
});

test('a process that died while loading: one more attempt is made, then none', async () => {
  await scene.die();
  const { log, lines } = logged();
  await LoadGuard.open(scene.folder, log);
  expect(lines).toMatchObject([{ level: 'warn', model: 'iris', version: '2', attempts: 1 }]);
  await scene.die();
  const guard = await scene.guard();
  expect([guard.suspects('iris', '2'), guard.suspects('iris', '1')]).toEqual([true, false]);
  await expect(scene.loads(guard)).rejects.toEqual(refused);
  await expect(scene.loads(await scene.guard())).rejects.toEqual(refused);
});

test('a version that has served here is given five attempts', async () => {
  const before = { ...scene.load, model: 'proven' };
  for (let deaths = 0; deaths < 5; deaths += 1) await scene.die(before);
  await expect(scene.loads(await scene.guard(), before)).rejects.toMatchObject({
    code: 'CRASHED_WHILE_LOADING',
    message: expect.stringContaining('5 loads of it had no end') as string,
  });
});

test('a suspect that loads after all is none any more', async () => {
  await scene.die();
  expect(await scene.loads(await scene.guard())).toBe('loaded');
  expect(await scene.markers()).toEqual([]);
  await scene.die();
  expect(await scene.loads(await scene.guard())).toBe('loaded');
});

describe('what was refused', () => {
  beforeEach(async () => {
    await scene.die();
    await scene.die();
  });

  test('is tried again when a later write asks for it, not for an earlier one', async () => {
    await expect(
      scene.loads(await scene.guard(), { ...scene.load, stamp: '000000000000000f' }),
    ).rejects.toEqual(refused);
    expect(await scene.loads(await scene.guard(), { ...scene.load, stamp: '0000000000000011' })).toBe(
      'loaded',
    );
  });

  test('is tried again when its files change', async () => {
    await utimes(scene.load.files[0] ?? '', 1, 1);
    expect(await scene.loads(await scene.guard())).toBe('loaded');
  });

  test('is refused with the session config that it was loaded with', async () => {
    const guard = await scene.guard();
    expect(await scene.loads(guard, { ...scene.load, session: { intraOpThreads: 2 } })).toBe('loaded');
    await expect(scene.loads(guard)).rejects.toEqual(refused);
  });

  test('is tried again when somebody takes the marker away', async () => {
    await rm(join(scene.folder, 'loading'), { recursive: true });
    expect(await scene.loads(await scene.guard())).toBe('loaded');
  });
});

test('a suspect is loaded alone, the others are not', async () => {
  await scene.die();
  const guard = await scene.guard();
  const held = new Expected<void>();
  const other = guard.run({ ...scene.load, model: 'digits' }, () => held.promise, WANTED);
  const begun: string[] = [];
  const suspect = guard.run(scene.load, () => Promise.resolve(begun.push('suspect')), WANTED);
  await guard.run({ ...scene.load, model: 'third' }, () => Promise.resolve(begun.push('third')), WANTED);
  held.resolve();
  await Promise.all([other, suspect]);
  expect(begun).toEqual(['third', 'suspect']);
});

test('a process that is told to end blames no load, should it be killed on the way', async () => {
  const guard = await scene.guard();
  const loading = new Expected<void>();
  const held = new Expected<void>();
  const run = guard.run(
    scene.load,
    () => {
      loading.resolve();
      return held.promise;
    },
    WANTED,
  );
  await loading.promise;
  await guard.close();
  expect(await scene.markers()).toEqual([]);
  await guard.run(
    { ...scene.load, model: 'late' },
    async () => {
      expect(await scene.markers()).toEqual([]);
    },
    WANTED,
  );
  held.resolve();
  await run;
});

test('what cannot be read or understood is logged and passed over', async () => {
  await scene.die();
  const [name = ''] = await scene.markers();
  await writeFile(join(scene.folder, 'loading', name), 'garbage');
  await writeFile(join(scene.folder, 'loading', 'notes.txt'), 'not ours');
  const { log, lines } = logged();
  const guard = await scene.guard(log);
  expect(lines).toMatchObject([{ level: 'error', msg: expect.stringContaining('cannot be read') as string }]);
  expect(await scene.loads(guard)).toBe('loaded');
});

test('a marker that is none of ours is passed over', async () => {
  const { log, lines } = logged();
  await scene.die();
  const [name = ''] = await scene.markers();
  await writeSealed(join(scene.folder, 'loading', name), { model: '../x', version: '2' });
  expect((await scene.guard(log)).suspects('../x', '2')).toBe(false);
  expect(lines).toMatchObject([{ level: 'error', msg: expect.stringContaining('not understood') as string }]);
});

test('where no marker can be kept, versions are loaded all the same', async () => {
  const { log, lines } = logged();
  await writeFile(join(scene.folder, 'loading'), 'in the way');
  const guard = await scene.guard(log);
  expect(await scene.loads(guard)).toBe('loaded');
  expect(lines.map(({ level }) => level)).toEqual(['error', 'error', 'error']);
  await guard.claim();
  expect(lines.at(-1)).toMatchObject({ level: 'error', msg: 'the markers of loads cannot be read' });
  expect(lines).toHaveLength(4);
});
