import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelError } from '../../src/errors';
import { Expected } from '../../src/inference/expected';
import { LoadGuard } from '../../src/state/load-guard';
import type { LoadAttempt } from '../../src/state/load-marker';
import { LoadMarkers } from '../../src/state/load-markers';
import { writeSealed } from '../../src/state/sealed-file';
import { Turns } from '../../src/state/turns';
import { logged } from '../support/logged';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';

const WANTED = new AbortController().signal;
let directory: TemporaryDirectory;
let load: LoadAttempt;

beforeEach(async () => {
  directory = await temporaryDirectory();
  const model = join(directory.path, 'model.onnx');
  await writeFile(model, 'bytes');
  const session = { intraOpThreads: 1 };
  load = { model: 'iris', version: '2', stamp: '0000000000000010', files: [model], session };
});
afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

const proven = (model: string) => model === 'proven';
const markers = () => readdir(join(directory.path, 'loading'));
const open = async (log = logged().log) =>
  new LoadGuard({ markers: await LoadMarkers.open(directory.path, log), proven, turns: new Turns(0) });
const loads = (guard: LoadGuard, attempt = load) =>
  guard.run(attempt, () => Promise.resolve('loaded'), WANTED);
/** A process that ends while it loads: nothing comes after. */
async function die(attempt = load): Promise<void> {
  const loading = new Expected<void>();
  const never = () => {
    loading.resolve();
    return new Promise<never>(() => undefined);
  };
  const guard = await open();
  const run = guard.run(attempt, never, WANTED);
  await Promise.race([loading.promise, run]);
}
const refused = expect.objectContaining({
  name: 'ModelError',
  code: 'CRASHED_WHILE_LOADING',
  retryable: false,
  message: expect.stringContaining('2 loads of it had no end') as string,
}) as unknown;

test('a marker is there while a version is loaded, and afterwards none', async () => {
  const guard = await open();
  await guard.run(
    load,
    async () => {
      expect(await markers()).toHaveLength(1);
    },
    WANTED,
  );
  expect(await markers()).toEqual([]);
  await expect(guard.run(load, () => Promise.reject(new Error('bad')), WANTED)).rejects.toThrow('bad');
  expect(await markers()).toEqual([]);
});

test('a process that died while loading: one more attempt is made, then none', async () => {
  await die();
  const { log, lines } = logged();
  await LoadGuard.open(directory.path, log);
  expect(lines).toMatchObject([{ level: 'warn', model: 'iris', version: '2', attempts: 1 }]);
  await die();
  const guard = await open();
  expect([guard.suspects('iris', '2'), guard.suspects('iris', '1')]).toEqual([true, false]);
  await expect(loads(guard)).rejects.toEqual(refused);
  await expect(loads(await open())).rejects.toEqual(refused);
});

test('a version that has served here is given five attempts', async () => {
  const before = { ...load, model: 'proven' };
  for (let deaths = 0; deaths < 5; deaths += 1) await die(before);
  await expect(loads(await open(), before)).rejects.toMatchObject({
    code: 'CRASHED_WHILE_LOADING',
    message: expect.stringContaining('5 loads of it had no end') as string,
  });
});

test('a suspect that loads after all is none any more', async () => {
  await die();
  expect(await loads(await open())).toBe('loaded');
  expect(await markers()).toEqual([]);
  await die();
  expect(await loads(await open())).toBe('loaded');
});

describe('what was refused', () => {
  beforeEach(async () => {
    await die();
    await die();
  });

  test('is tried again when a later write asks for it, not for an earlier one', async () => {
    await expect(loads(await open(), { ...load, stamp: '000000000000000f' })).rejects.toEqual(refused);
    expect(await loads(await open(), { ...load, stamp: '0000000000000011' })).toBe('loaded');
  });

  test('is tried again when its files change', async () => {
    await utimes(load.files[0] ?? '', 1, 1);
    expect(await loads(await open())).toBe('loaded');
  });

  test('is refused with the session config that it was loaded with', async () => {
    const guard = await open();
    expect(await loads(guard, { ...load, session: { intraOpThreads: 2 } })).toBe('loaded');
    await expect(loads(guard)).rejects.toEqual(refused);
  });

  test('is tried again when somebody takes the marker away', async () => {
    await rm(join(directory.path, 'loading'), { recursive: true });
    expect(await loads(await open())).toBe('loaded');
  });
});

test('a suspect is loaded alone, the others are not', async () => {
  await die();
  const guard = await open();
  const held = new Expected<void>();
  const other = guard.run({ ...load, model: 'digits' }, () => held.promise, WANTED);
  const begun: string[] = [];
  const suspect = guard.run(load, () => Promise.resolve(begun.push('suspect')), WANTED);
  await guard.run({ ...load, model: 'third' }, () => Promise.resolve(begun.push('third')), WANTED);
  held.resolve();
  await Promise.all([other, suspect]);
  expect(begun).toEqual(['third', 'suspect']);
});

test('a load that has not come back in time keeps its marker', async () => {
  const late = new ModelError('TIMEOUT', 'late');
  await expect((await open()).run(load, () => Promise.reject(late), WANTED)).rejects.toBe(late);
  const guard = await open();
  expect(guard.suspects('iris', '2')).toBe(true);
  await guard.close();
  expect(await markers()).toHaveLength(1);
});

test('a process that is told to end blames no load, should it be killed on the way', async () => {
  const guard = await open();
  const loading = new Expected<void>();
  const held = new Expected<void>();
  const run = guard.run(
    load,
    () => {
      loading.resolve();
      return held.promise;
    },
    WANTED,
  );
  await loading.promise;
  await guard.close();
  expect(await markers()).toEqual([]);
  await guard.run(
    { ...load, model: 'late' },
    async () => {
      expect(await markers()).toEqual([]);
    },
    WANTED,
  );
  held.resolve();
  await run;
});

test('what cannot be read or understood is logged and passed over', async () => {
  await die();
  const [name = ''] = await markers();
  await writeFile(join(directory.path, 'loading', name), 'garbage');
  await writeFile(join(directory.path, 'loading', 'notes.txt'), 'not ours');
  const { log, lines } = logged();
  const guard = await open(log);
  expect(lines).toMatchObject([{ level: 'error', msg: expect.stringContaining('cannot be read') as string }]);
  expect(await loads(guard)).toBe('loaded');
});

test('a marker that is none of ours is passed over', async () => {
  const { log, lines } = logged();
  await die();
  const [name = ''] = await markers();
  await writeSealed(join(directory.path, 'loading', name), { model: '../x', version: '2' });
  expect((await open(log)).suspects('../x', '2')).toBe(false);
  expect(lines).toMatchObject([{ level: 'error', msg: expect.stringContaining('not understood') as string }]);
});

test('where no marker can be kept, versions are loaded all the same', async () => {
  const { log, lines } = logged();
  await writeFile(join(directory.path, 'loading'), 'in the way');
  const guard = await open(log);
  expect(await loads(guard)).toBe('loaded');
  expect(lines.map(({ level }) => level)).toEqual(['error', 'error', 'error']);
});
