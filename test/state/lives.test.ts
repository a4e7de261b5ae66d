import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelError } from '../../src/errors';
import { Lives, type LivesOptions } from '../../src/state/lives';
import type { GoodVersion } from '../../src/state/last-good';
import { writeSealed } from '../../src/state/sealed-file';
import { eventually } from '../support/eventually';
import { logged } from '../support/logged';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';

const MACHINE = { boot: 'a', outOfMemoryKills: 0 };
const good = (version: string, mzxid: string, model = 'iris'): GoodVersion => ({
  ...{ model, version, mzxid: mzxid.padStart(16, '0') },
  sha256: version.repeat(64),
});
const V1 = good('1', '1');
const V2 = good('2', '2');
const promotion = ({ model, version, mzxid }: GoodVersion) => ({ model, version, stamp: mzxid });

let directory: TemporaryDirectory;
/** Of processes that have not ended in order: none of them goes on writing. */
const lives: Lives[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  for (const life of lives.splice(0)) await life.close();
  await directory[Symbol.asyncDispose]();
});

async function open(options: Partial<LivesOptions> = {}): Promise<Lives> {
  const life = await Lives.open({
    ...{ folder: directory.path, log: logged().log, machine: MACHINE },
    ...options,
  });
  lives.push(life);
  return life;
}
const begin = async (options: Partial<LivesOptions> = {}): Promise<Lives> => {
  const life = await open(options);
  await life.claim();
  return life;
};
const onDisk = async (): Promise<string> => readFile(join(directory.path, 'lives.json'), 'utf8');
const written = (text: string): Promise<unknown> => eventually(async () => (await onDisk()).includes(text));
/** Versions that serve one after another, the last of which is at work as the process ends. */
async function die(...versions: readonly GoodVersion[]): Promise<Lives> {
  const life = await begin();
  for (const version of versions) life.serves(version.model, version);
  const last = versions.at(-1);
  if (last === undefined) return life;
  await written(`"serves":["${last.model}/${last.version}"]`);
  life.work.begin(promotion(last));
  return life;
}

test('three lives that end while a version is at work quarantine it, until a later write asks for it', async () => {
  for (let end = 0; end < 3; end += 1) await die(V1, V2);
  const { log, lines } = logged();
  const next = await begin({ log });
  expect(next.convicted).toMatchObject([promotion(V2)]);
  expect(() => {
    next.requireOpen(promotion(V2));
  }).toThrow(ModelError);
  expect(next.isQuarantined({ ...promotion(V2), stamp: '0000000000000001' })).toBe(true);
  expect(lines).toMatchObject([
    { level: 'warn', serves: ['iris/2'], running: [promotion(V2)], ends: 3 },
    { level: 'error', ...promotion(V2), msg: expect.stringContaining('is quarantined') as string },
  ]);
  expect(next.others('iris', '2')).toMatchObject([V1]);
  next.requireOpen(promotion(V1));
  const again = good('2', '3');
  next.requireOpen(promotion(again));
  next.serves('iris', again);
  expect(next.isQuarantined(promotion(V2))).toBe(false);
});

test('a quarantine outlives processes that end in order', async () => {
  const life = await begin();
  life.quarantine(promotion(V2), 'it has lost three workers');
  await life.close();
  const next = await open();
  expect(next.convicted).toEqual([]);
  expect(() => {
    next.requireOpen(promotion(V2));
  }).toThrow('version 2 of model iris is quarantined: it has lost three workers; it is not loaded again');
});

test('an end in order sets the count back', async () => {
  for (let life = 0; life < 3; life += 1) {
    await die(V2);
    await die(V2);
    await (await begin()).close();
  }
  expect((await open()).convicted).toEqual([]);
});

test('nothing is watched in a life after one that ended in order, nor once a life has lasted', async () => {
  const first = await die(V2);
  expect(first.work.left().running).toEqual([]);
  const watched = await begin({ settledMs: 300 });
  watched.serves('iris', V2);
  watched.work.begin(promotion(V2));
  expect(watched.work.left().running).toEqual([promotion(V2)]);
  await written('"settled":true');
  expect(watched.work.left().running).toEqual([]);
  watched.work.begin(promotion(V2));
  expect(watched.work.left().running).toEqual([]);
  expect((await begin()).convicted).toEqual([]);
});

test('a version that served for long stands in before one that served since', async () => {
  const life = await begin({ settledMs: 300 });
  life.serves('iris', V1);
  await written('"proven":true');
  life.serves('iris', V2);
  life.serves('iris', good('3', '3'));
  expect(life.others('iris', '4').map(({ version }) => version)).toEqual(['1', '3', '2']);
  expect(life.others('iris', '1').map(({ version }) => version)).toEqual(['3', '2']);
  life.quarantine(promotion(good('3', '3')), 'a reason');
  expect(life.others('iris', '1')).toMatchObject([V2]);
  life.serves('iris', { ...good('1', '5'), sha256: 'f'.repeat(64) });
  // Of other bytes it is not known how they serve.
  expect(life.others('iris', '4').map(({ version }) => version)).toEqual(['1', '2']);
  expect(await onDisk()).not.toContain('"proven":false,');
});

test('eight versions of a model are remembered, and none of a model that is gone', async () => {
  const life = await begin();
  life.serves('digits', good('1', '1', 'digits'));
  for (let version = 1; version < 10; version += 1)
    life.serves('iris', good(String(version), String(version)));
  expect(life.others('iris', '0').map(({ version }) => version)).toEqual('98765432'.split(''));
  life.quarantine(promotion(V2), 'a reason');
  life.retain(['digits']);
  expect(life.others('iris', '0')).toEqual([]);
  expect(life.isQuarantined(promotion(V2))).toBe(false);
  expect(life.others('digits', '0')).toHaveLength(1);
});

test('before it is this process that owns the folder nothing is written, and then what was left meanwhile counts', async () => {
  const former = await die(V2);
  const waiting = await open();
  waiting.serves('iris', V1);
  waiting.quarantine(promotion(good('3', '3')), 'a reason');
  const before = await onDisk();
  expect(before).toContain('"life":{');
  await former.close();
  await waiting.claim();
  await waiting.close();
  const next = await open();
  expect(next.others('iris', '0').map(({ version }) => version)).toEqual(['1', '2']);
  // Nobody was told that the life before had no end in order.
  expect(await onDisk()).toContain('"ends":0');
});

test.each([
  [
    'has other bytes',
    (file: string) => writeFile(file, 'nonsense'),
    'the record of lives cannot be read and is ignored',
  ],
  [
    'says something else',
    (file: string) => writeSealed(file, { life: 7 }),
    'the record of lives is not understood and ignored',
  ],
])('a record that %s is ignored', async (_, spoil, msg) => {
  await die(V2);
  await spoil(join(directory.path, 'lives.json'));
  const { log, lines } = logged();
  const life = await open({ log });
  expect(lines).toMatchObject([{ level: 'error', msg }]);
  expect(life.others('iris', '0')).toEqual([]);
});

test('where nothing can be written a version is served all the same, and the log says so', async () => {
  const file = join(directory.path, 'file');
  await writeFile(file, '');
  const { log, lines } = logged();
  const life = await open({ folder: join(file, 'state'), log });
  await life.claim();
  life.serves('iris', V2);
  life.requireOpen(promotion(V2));
  await life.close();
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'error',
      msg: expect.stringContaining('the record of lives cannot be written') as string,
    }),
  );
});

test('a load is noted while it lasts', async () => {
  await die(V2);
  const life = await begin();
  await life.loading(promotion(V2), () => {
    expect(life.work.left()).toEqual({ running: [], loading: true });
    return Promise.resolve();
  });
  await expect(life.loading(promotion(V2), () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
  expect(life.work.left()).toEqual({ running: [], loading: false });
});
