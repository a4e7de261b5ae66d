import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';
import { passes } from '../support/passes';
import { irisVersion } from '../support/infer';
import { CLI, PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';

/** Two replicas on one ensemble, the second with a repository of its own. */
let zookeeper: ZooKeeperPlace;
let own: string;
let one: ServeProcess;
let two: ServeProcess;

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function zooserve(...args: string[]): Promise<Finished> {
  const all = [CLI, ...args, '--zookeeper', zookeeper.connectString];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, all, { cwd: PROJECT_ROOT });
    return { code: 0, stdout, stderr };
  } catch (error) {
    // A command that exits with another code than 0 rejects with what it wrote.
    return error as Finished;
  }
}

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  own = await mkdtemp(join(tmpdir(), 'zooserve-models-'));
  await cp(join(PROJECT_ROOT, 'models', 'iris', '1'), join(own, 'iris', '1'), { recursive: true });
  one = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  two = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'two', models: own });
});

afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await rm(own, { recursive: true });
});

test('promote --wait returns 0 when every replica serves it, 2 with the reason when one lacks the file', async () => {
  const first = await zooserve('promote', 'iris', '1', '--wait');
  expect(first).toMatchObject({ code: 0 });
  expect(await irisVersion(one.url)).toBe('1');
  expect(await irisVersion(two.url)).toBe('1');

  const second = await zooserve('promote', 'iris', '2', '--wait');
  expect(second).toMatchObject({ code: 2 });
  expect(second.stdout + second.stderr).toMatch(/two.*NOT_FOUND/);
  // It returns at the first final failure; the other replica goes on by itself.
  await passes(async () => {
    expect(await irisVersion(one.url)).toBe('2');
  });
  expect(await irisVersion(two.url)).toBe('1');

  await cp(join(PROJECT_ROOT, 'models', 'iris', '2'), join(own, 'iris', '2'), { recursive: true });
  expect(await zooserve('promote', 'iris', '2', '--wait')).toMatchObject({ code: 0 });
  expect(await irisVersion(two.url)).toBe('2');

  expect(await zooserve('rollback', 'iris', '--wait')).toMatchObject({ code: 0 });
  expect(await irisVersion(one.url)).toBe('1');
  expect(await irisVersion(two.url)).toBe('1');
});

test('config set --wait returns 0 when every replica applied it, 2 when handler.js refuses it', async () => {
  expect(await zooserve('promote', 'iris', '2', '--wait')).toMatchObject({ code: 0 });
  expect(await zooserve('config', 'set', 'iris', '{"params":{"threshold":0.9}}', '--wait')).toMatchObject({
    code: 0,
  });
  const refused = await zooserve('config', 'set', 'iris', '{"params":{"threshold":7}}', '--wait');
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stdout + refused.stderr).toContain('threshold');
});

test('a replica id that another live process holds is refused', async () => {
  await using kept = await temporaryDirectory();
  await using late = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    stateDir: kept.path,
    args: ['--session-timeout', '4000'],
  });
  await passes(() => {
    expect(late.child.exitCode).toBe(1);
  }, 20_000);
  expect(late.logged.join('\n')).toMatch(/replica id one.*--replica/s);
  // What it had learned by then is none of the live one's.
  expect((await readdir(kept.path, { recursive: true })).filter((name) => name.endsWith('.json'))).toEqual(
    [],
  );
});

test('SIGTERM ends a replica with exit 0 and leaves nothing of it behind', async () => {
  expect(await two.end('SIGTERM')).toBe(0);
  const { stdout } = await zooserve('status', 'iris', '--json');
  expect(stdout).toContain('"one"');
  expect(stdout).not.toContain('"two"');
});
