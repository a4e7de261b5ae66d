import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GoodModel } from '../../src/state/last-good';
import { LastGoodStore } from '../../src/state/last-good-store';
import { writeSealed } from '../../src/state/sealed-file';
import { eventually } from '../support/eventually';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { logged } from '../support/logged';

const IRIS: GoodModel = {
  model: 'iris',
  version: '2',
  mzxid: '000000000000008b',
  sha256: 'a'.repeat(64),
  config: { text: '{"params":{"threshold":0.5}}', mzxid: '0000000000000033' },
};
const DIGITS: GoodModel = { ...IRIS, model: 'digits', files: { 'handler.js': null }, config: null };
const WORLD = {
  zxid: '0000000000000099',
  landmark: { czxid: '0000000000000002', ctime: 1 },
  asOf: '0000000000000098',
  accepted: ['a'],
  voided: [],
};
const TREE = '0000000000000004';

let directory: TemporaryDirectory;
let folder: string;
let file: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  folder = join(directory.path, 'one-0123');
  file = join(folder, 'last-good.json');
});
afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

/** That of a replica which is registered. */
async function openOwn(at = folder, log = logged().log): Promise<LastGoodStore> {
  const store = await LastGoodStore.open(at, log);
  await store.claim();
  return store;
}

async function leave(...models: GoodModel[]): Promise<void> {
  await using store = await openOwn();
  for (const good of models) store.put(good);
  store.knows(WORLD);
  store.retain(
    models.map(({ model }) => model),
    TREE,
  );
}

test('what was put is found by the next process, and nothing lies beside it', async () => {
  const before = Date.now();
  await leave(IRIS, DIGITS);
  const { found } = await LastGoodStore.open(folder, logged().log);
  expect(found).toEqual({ savedAt: found.savedAt, tree: TREE, models: [IRIS, DIGITS], world: WORLD });
  expect(found.savedAt).toBeGreaterThanOrEqual(before);
  expect(await readdir(folder)).toEqual(['last-good.json']);
});

test('nothing is written before the folder is claimed, and what has come up by then is written at once', async () => {
  const early = await LastGoodStore.open(folder, logged().log);
  early.put(IRIS);
  early.knows(WORLD);
  early.retain(['iris'], TREE);
  await early[Symbol.asyncDispose]();
  await expect(readdir(folder)).rejects.toThrow('ENOENT');
  await early.claim();
  await early[Symbol.asyncDispose]();
  expect((await LastGoodStore.open(folder, logged().log)).found).toMatchObject({
    models: [IRIS],
    world: WORLD,
  });
});

test('a model is remembered once it is on disk, and in the next life from the start', async () => {
  const store = await LastGoodStore.open(folder, logged().log);
  store.put(IRIS);
  expect(store.remembers('iris')).toBe(false);
  await store.claim();
  expect(store.remembers('iris')).toBe(false);
  await store[Symbol.asyncDispose]();
  expect([store.remembers('iris'), store.remembers('digits')]).toEqual([true, false]);
  const next = await LastGoodStore.open(folder, logged().log);
  expect([next.remembers('iris'), next.remembers('digits')]).toEqual([true, false]);
});

test('nobody waits for what is kept nowhere, nor for a disk that is slow', async () => {
  expect((await LastGoodStore.open(undefined, logged().log)).remembers('iris')).toBe(true);
  await leave(DIGITS);
  const { log, lines } = logged();
  const store = await openOwn(folder, log);
  // To open a pipe for writing takes until somebody reads from it.
  await promisify(execFile)('mkfifo', [`${file}.part`]);
  store.put(IRIS);
  expect(store.remembers('iris')).toBe(false);
  await eventually(() => store.remembers('iris'), Boolean, 30_000);
  expect(lines).toEqual([expect.objectContaining({ level: 'warn', file })]);
  await readFile(`${file}.part`);
  await store[Symbol.asyncDispose]();
});

describe('a process that waits for its id', () => {
  const LATER = { ...WORLD, zxid: '00000000000000ff' };
  const NEWER: GoodModel = { ...IRIS, version: '3', mzxid: '00000000000000a0' };
  let waiting: LastGoodStore;
  beforeEach(async () => {
    await leave(IRIS, DIGITS);
    waiting = await LastGoodStore.open(folder, logged().log);
    waiting.knows(LATER);
  });
  const written = async () => {
    await waiting[Symbol.asyncDispose]();
    return (await LastGoodStore.open(folder, logged().log)).found;
  };

  test('takes up what the holder has written since', async () => {
    await leave(NEWER);
    await waiting.claim();
    expect(waiting.found.models).toEqual([NEWER]);
    expect(await written()).toMatchObject({ models: [NEWER], tree: TREE, world: LATER });
  });

  test('keeps what it has put itself', async () => {
    const own = { ...DIGITS, version: '9' };
    waiting.put(own);
    await leave(NEWER);
    await waiting.claim();
    expect((await written()).models).toEqual([NEWER, own]);
  });

  test.each<[string, () => Promise<void>]>([
    ['cannot be read any more', () => writeFile(file, 'garbage')],
    ['is gone', () => rm(folder, { recursive: true })],
  ])('keeps what it has read when the file %s', async (_, spoil) => {
    await spoil();
    await waiting.claim();
    expect(await written()).toMatchObject({ models: [IRIS, DIGITS], world: LATER });
  });

  test('finds the folder as the holder has left it: that writes nothing after its end', async () => {
    await waiting.claim();
    await waiting[Symbol.asyncDispose]();
    waiting.put(NEWER);
    expect((await written()).models).toEqual([IRIS, DIGITS]);
  });
});

test('a model that is not retained is forgotten', async () => {
  await leave(IRIS, DIGITS);
  {
    await using store = await openOwn();
    store.retain(['digits'], TREE);
  }
  expect((await LastGoodStore.open(folder, logged().log)).found.models).toEqual([DIGITS]);
});

test('nothing there: nothing is found, and nothing is said', async () => {
  const { log, lines } = logged();
  expect((await LastGoodStore.open(folder, log)).found.models).toEqual([]);
  expect((await LastGoodStore.open(undefined, log)).found.models).toEqual([]);
  expect(lines).toEqual([]);
});

test.each<[string, (text: string) => string]>([
  ['cut short', (text) => text.slice(0, -20)],
  ['changed in one place', (text) => text.replace('"version":"2"', '"version":"1"')],
  ['empty', () => ''],
  ['no object', () => '[]'],
  ['noise', () => '\u0000\u0001'],
])('a file that is %s is logged and ignored, and written anew', async (_, spoil) => {
  await leave(IRIS);
  await writeFile(file, spoil(await readFile(file, 'utf8')));
  const { log, lines } = logged();
  {
    await using store = await openOwn(folder, log);
    expect(store.found.models).toEqual([]);
    store.put(DIGITS);
  }
  expect(lines).toEqual([expect.objectContaining({ level: 'error', file })]);
  expect((await LastGoodStore.open(folder, logged().log)).found.models).toEqual([DIGITS]);
});

test('a sealed file of something else is logged and ignored', async () => {
  await writeSealed(file, { models: 'none' });
  const { log, lines } = logged();
  expect((await LastGoodStore.open(folder, log)).found.models).toEqual([]);
  expect(lines[0]).toMatchObject({ level: 'error', file });
});

test.each<[string, object]>([
  ['a model that leads elsewhere', { ...DIGITS, model: '../../etc' }],
  ['a version that leads elsewhere', { ...DIGITS, version: '../1' }],
  ['a zxid that is none', { ...DIGITS, mzxid: '7' }],
  ['a digest that is none', { ...DIGITS, sha256: 'Z'.repeat(64) }],
  ['a file whose digest is none', { ...DIGITS, files: { 'handler.js': 'Z' } }],
  ['a config that is none', { ...DIGITS, config: { text: '{"batchng":{}}', mzxid: IRIS.mzxid } }],
])('of a sealed file %s is left out', async (_, odd) => {
  await writeSealed(file, { savedAt: 1, tree: null, models: [odd, IRIS] });
  expect((await LastGoodStore.open(folder, logged().log)).found.models).toEqual([IRIS]);
});

test('a folder that cannot be written to is logged, and harms nothing', async () => {
  await writeFile(join(directory.path, 'plain'), '');
  const { log, lines } = logged();
  {
    await using store = await openOwn(join(directory.path, 'plain'), log);
    store.put(IRIS);
    await eventually(() => store.remembers('iris'));
  }
  expect(lines.map(({ level }) => level)).toEqual(['error', 'error']);
});
