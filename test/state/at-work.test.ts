import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtWork } from '../../src/state/at-work';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';

const IRIS = { model: 'iris', version: '2', stamp: '0000000000000010' };
const DIGITS = { model: 'digits', version: '1', stamp: '0000000000000020' };
const IDLE = { running: [], loading: false };

let directory: TemporaryDirectory;
let path: string;
let errors: unknown[];
let atWork: AtWork;
/** What a process that begins now would find. */
const left = () => new AtWork(path, (error) => errors.push(error)).left();

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, 'at-work');
  errors = [];
  atWork = new AtWork(path, (error) => errors.push(error));
});
afterEach(async () => {
  atWork.stop();
  expect(errors).toEqual([]);
  await directory[Symbol.asyncDispose]();
});

test('what has begun and not ended is left', () => {
  expect(left()).toEqual(IDLE);
  atWork.watch();
  atWork.begin(IRIS);
  atWork.begin(DIGITS);
  expect(left()).toEqual({ running: [IRIS, DIGITS], loading: false });
  atWork.end(IRIS);
  expect(left()).toEqual({ running: [DIGITS], loading: false });
  atWork.end(DIGITS);
  expect(left()).toEqual(IDLE);
});

test('a version with several workers is at work until the last of its batches has ended', () => {
  atWork.watch();
  atWork.begin(IRIS);
  atWork.begin(IRIS);
  atWork.end(IRIS);
  expect(left()).toEqual({ running: [IRIS], loading: false });
  atWork.end(IRIS);
  expect(left()).toEqual(IDLE);
});

test('places are used again: the file does not grow with the batches', async () => {
  atWork.watch();
  const longest = { model: 'm'.repeat(64), version: 'v'.repeat(64), stamp: 'f'.repeat(16) };
  for (let batch = 0; batch < 100; batch += 1) {
    atWork.begin(DIGITS);
    atWork.begin(longest);
    atWork.end(DIGITS);
    if (batch < 99) atWork.end(longest);
  }
  expect(left()).toEqual({ running: [longest], loading: false });
  expect((await readFile(path)).length).toBe(320);
});

test('a load is told apart from a batch', () => {
  atWork.watch();
  atWork.begin(IRIS, 'loads');
  atWork.begin(IRIS);
  expect(left()).toEqual({ running: [IRIS], loading: true });
  atWork.end(IRIS, 'loads');
  expect(left()).toEqual({ running: [IRIS], loading: false });
});

test('nothing is kept before there is a reason, nor afterwards', () => {
  atWork.begin(IRIS);
  expect(left()).toEqual(IDLE);
  atWork.watch();
  atWork.end(IRIS);
  atWork.begin(DIGITS);
  atWork.stop();
  expect(left()).toEqual(IDLE);
  atWork.begin(DIGITS);
  expect(left()).toEqual(IDLE);
});

test('what is no entry is passed over', async () => {
  await writeFile(
    path,
    'R ../iris 1 0000000000000010\nR iris 1 now\nnonsense\nR iris 2 0000000000000010   \n',
  );
  expect(left()).toEqual({ running: [IRIS], loading: false });
});

test('a file that cannot be written is told of once, and disturbs nobody', async () => {
  const seen: unknown[] = [];
  const impossible = new AtWork(join(directory.path, 'missing', 'at-work'), (error) => seen.push(error));
  impossible.watch();
  impossible.begin(IRIS);
  impossible.end(IRIS);
  impossible.stop();
  expect(seen).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  expect(await readFile(path).catch(() => 'none')).toBe('none');
});

test.each([
  ['SIGKILL', "process.kill(process.pid, 'SIGKILL')", true],
  ['an error that nobody catches', "throw new Error('mine')", false],
])('a process that ends by %s', async (_, end, leaves) => {
  const built = join(__dirname, '../../src/state/at-work.js');
  const script = `
    const { AtWork } = require(${JSON.stringify(built)});
    const atWork = new AtWork(${JSON.stringify(path)}, () => undefined);
    atWork.watch();
    atWork.begin(${JSON.stringify(IRIS)});
    setImmediate(() => { ${end}; });
  `;
  await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'exit');
  expect(left()).toEqual({ running: leaves ? [IRIS] : [], loading: false });
});
