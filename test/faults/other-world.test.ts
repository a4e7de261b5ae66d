import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { accept, otherWorld } from '../support/other-world';
import { passes } from '../support/passes';
import { irisVersion } from '../support/infer';
import { ServeProcess } from '../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const VERSION = '/zooserve/models/iris/version';
let zookeeper: TestZooKeeper;
let directory: TemporaryDirectory;
let replica: ServeProcess;

const start = (): Promise<ServeProcess> =>
  ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    args: ['--session-timeout', '2000'],
    stateDir: join(directory.path, 'state'),
  });
const data = (): string => join(zookeeper.server.dataDir, 'version-2');
/** Connects as somebody who has seen nothing. */
const visit = async <T>(act: (session: ZooKeeperSession) => Promise<T>): Promise<T> => {
  await using session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 2000 });
  await session.connected(AbortSignal.timeout(10_000));
  return await act(session);
};
const promote = (version: string): Promise<unknown> =>
  visit(async (session) => {
    await session.ensurePath(VERSION);
    await session.set(VERSION, Buffer.from(version));
  });
const status = (): Promise<unknown> =>
  visit(async (session) => {
    const node = await session.get('/zooserve/status/iris/one');
    return node && (JSON.parse(node.data.toString()) as unknown);
  });
const serves = (version: string): Promise<void> =>
  passes(async () => {
    expect(await irisVersion(replica.url)).toBe(version);
  }, 30_000);
const noticed = (): Promise<void> =>
  passes(async () => {
    expect(await otherWorld(replica.url)).toBe(1);
    expect(replica.logged.join('')).toContain('zooserve accept-world');
  }, 30_000);
const followed = async (version: string): Promise<void> => {
  await serves(version);
  await passes(async () => {
    expect(await status()).toMatchObject({ phase: 'SERVING', serving: { version } });
    expect(await otherWorld(replica.url)).toBe(0);
  });
};

beforeEach(async () => {
  directory = await temporaryDirectory();
  zookeeper = await startTestZooKeeper();
  for (const version of ['1', '2', '1', '2']) await promote(version);
  replica = await start();
  await followed('2');
});

afterEach(async () => {
  await replica[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test('an ensemble that was wiped is not followed, also after a restart, until it is accepted', async () => {
  await zookeeper.server.kill('SIGKILL');
  await rm(data(), { recursive: true });
  await zookeeper.server.restart();
  await promote('1');
  await noticed();
  expect(await irisVersion(replica.url)).toBe('2');

  await replica.end('SIGKILL');
  replica = await start();
  await serves('2');
  await noticed();
  expect((await fetch(`${replica.url}/v2/health/ready`)).headers.has('zooserve-stale-seconds')).toBe(true);
  expect(await visit((session) => session.children('/zooserve/replicas'))).toBeUndefined();

  await accept(zookeeper.connectString);
  await followed('1');
  expect((await visit((session) => session.children('/zooserve/replicas')))?.names).toEqual(['one']);
  await promote('2');
  await followed('2');
  await replica.end();
  replica = await start();
  await followed('2');
});

test('an ensemble restored from an older copy is not followed by an acceptance that the copy has', async () => {
  await accept(zookeeper.connectString);
  await promote('1');
  await followed('1');
  await zookeeper.server.kill('SIGTERM');
  const copy = join(directory.path, 'copy');
  await cp(data(), copy, { recursive: true });
  await zookeeper.server.restart();
  await promote('2');
  await followed('2');

  await zookeeper.server.kill('SIGTERM');
  await rm(data(), { recursive: true });
  await cp(copy, data(), { recursive: true });
  await zookeeper.server.restart();
  await noticed();
  expect(await irisVersion(replica.url)).toBe('2');
  await accept(zookeeper.connectString);
  await followed('1');
});

test('an ensemble that was restarted is the one that it was', async () => {
  await zookeeper.server.kill('SIGKILL');
  await zookeeper.server.restart();
  await promote('1');
  await followed('1');
  await replica.end();
  replica = await start();
  await followed('1');
  expect(replica.logged.join('')).not.toContain('accept-world');
});
