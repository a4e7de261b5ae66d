import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { infer, DIGITS, irisVersion } from '../support/infer';
import { passes } from '../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

/** Ends the process as a fault in native code does. */
const CRASHING = "process.kill(process.pid, 'SIGSEGV'); export default {};";
const VERSION = '/zooserve/models/iris/version';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let directory: TemporaryDirectory;

const promote = async (version: string): Promise<string> =>
  (await session.set(VERSION, Buffer.from(version))).mzxid;
const start = (): Promise<ServeProcess> =>
  ServeProcess.start({
    zookeeper: zookeeper.connectString,
    models: join(directory.path, 'models'),
    replica: 'one',
    args: ['--session-timeout', '1000'],
    stateDir: join(directory.path, 'state'),
  });
const crashes = async ({ child }: ServeProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGSEGV');
};
const serves = ({ url }: ServeProcess, version: string): Promise<void> =>
  passes(async () => {
    expect(await irisVersion(url)).toBe(version);
  }, 30_000);
const status = async (): Promise<unknown> => {
  const node = await session.get('/zooserve/status/iris/one');
  return node && JSON.parse(node.data.toString());
};
/** The crashing version 3 was promoted twice as often as one process dies of it. */
async function twiceCrashed(): Promise<string> {
  await using replica = await start();
  await serves(replica, '1');
  // Ready, it has left something to the next process.
  await passes(async () => {
    expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
  });
  const mzxid = await promote('3');
  await crashes(replica);
  await crashes(await start());
  return mzxid;
}
const refused = (mzxid: string): Promise<void> =>
  passes(async () => {
    expect(await status()).toMatchObject({
      desired: { version: '3', mzxid },
      serving: { version: '1' },
      phase: 'FAILED',
      error: { code: 'CRASHED_WHILE_LOADING', retryable: false },
    });
  }, 30_000);

beforeEach(async () => {
  directory = await temporaryDirectory();
  const models = join(directory.path, 'models');
  await cp(join(PROJECT_ROOT, 'models'), models, { recursive: true });
  await cp(join(models, 'iris', '2'), join(models, 'iris', '3'), { recursive: true });
  await writeFile(join(models, 'iris', '3', 'handler.js'), CRASHING);
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 2000 });
  await session.connected();
  await session.ensurePath(VERSION);
  await session.ensurePath('/zooserve/models/digits/version');
  await session.set('/zooserve/models/digits/version', Buffer.from('1'));
  await promote('1');
});

afterEach(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test('a version that crashes the process as it loads does so twice; then the last good one and the other models serve', async () => {
  const mzxid = await twiceCrashed();
  {
    await using third = await start();
    await serves(third, '1');
    await refused(mzxid);
    await passes(async () => {
      expect((await infer(third.url, 'digits', DIGITS.rows.slice(0, 1))).status).toBe(200);
    });
    expect(third.logged.join('')).toContain('a process before this one ended while it loaded this version');
    expect(await third.end()).toBe(0);
  }
  await using fourth = await start();
  await refused(mzxid);
  await promote('3');
  await crashes(fourth);
});

test('a suspect is loaded after what is known to work serves, and with other files it is none', async () => {
  const mzxid = await twiceCrashed();
  await cp(
    join(directory.path, 'models', 'iris', '2', 'handler.js'),
    join(directory.path, 'models', 'iris', '3', 'handler.js'),
  );
  await using replica = await start();
  await passes(async () => {
    expect(await status()).toMatchObject({ serving: { version: '3', mzxid }, phase: 'SERVING', error: null });
  }, 30_000);
  const [folder = ''] = await readdir(join(directory.path, 'state'));
  expect(await readdir(join(directory.path, 'state', folder, 'loading'))).toEqual([]);
  const order = replica.logged.filter((line) => line.includes(' serves version '));
  expect(order.map((line) => /iris serves version \d/.exec(line)?.[0]).filter(Boolean)).toEqual([
    'iris serves version 1',
    'iris serves version 3',
  ]);
});

test('without the folder of markers it crashes again', async () => {
  await twiceCrashed();
  const [folder = ''] = await readdir(join(directory.path, 'state'));
  await rm(join(directory.path, 'state', folder, 'loading'), { recursive: true });
  await crashes(await start());
});
