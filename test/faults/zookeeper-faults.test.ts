import { ZooKeeperError } from '../../src/errors';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { passes } from '../support/passes';
import { infer, IRIS, irisVersion } from '../support/infer';
import { ServeProcess } from '../support/serve-process';
import { TcpProxy } from '../support/tcp-proxy';
import { sharedZooKeeper, startTestZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const VERSION = '/zooserve/models/iris/version';
let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;

const promote = async (version: string): Promise<void> => {
  await session.ensurePath(VERSION);
  await session.set(VERSION, Buffer.from(version));
};
const serves = (url: string, version: string): Promise<void> =>
  passes(async () => {
    expect(await irisVersion(url)).toBe(version);
  }, 30_000);
const status = async (replica: string): Promise<unknown> => {
  const node = await session.get(`/zooserve/status/iris/${replica}`);
  return node && JSON.parse(node.data.toString());
};

beforeEach(async () => {
  await connect(await sharedZooKeeper());
});

afterEach(() => disconnect());

async function connect(place: ZooKeeperPlace): Promise<void> {
  zookeeper = place;
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  await promote('1');
}

async function disconnect(): Promise<void> {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
}

test('ZooKeeper killed while serving: requests are answered; back again: the next promotion is followed', async () => {
  const own = await startTestZooKeeper();
  await disconnect();
  await connect(own);
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  await serves(replica.url, '1');
  await own.server.kill('SIGKILL');
  for (let i = 0; i < 20; i += 1) expect(await irisVersion(replica.url)).toBe('1');
  expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
  await own.server.restart();
  await session.connected();
  await promote('2');
  await serves(replica.url, '2');
});

test('a session that expired is replaced: what was promoted meanwhile is served, and the replica is live again', async () => {
  await using proxy = await TcpProxy.start(zookeeper.port);
  await using replica = await ServeProcess.start({
    zookeeper: proxy.connectString + zookeeper.chroot,
    replica: 'one',
    args: ['--session-timeout', '2000'],
  });
  await serves(replica.url, '1');
  const before = (await session.exists('/zooserve/replicas/one'))?.ephemeralOwner;
  await proxy.refuse();
  await passes(async () => {
    expect(await session.exists('/zooserve/replicas/one')).toBeUndefined();
  }, 20_000);
  await promote('2');
  expect(await irisVersion(replica.url)).toBe('1');
  await proxy.heal();
  await serves(replica.url, '2');
  await passes(async () => {
    const after = (await session.exists('/zooserve/replicas/one'))?.ephemeralOwner;
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
  });
  await passes(async () => {
    expect(await status('one')).toMatchObject({ serving: { version: '2' } });
  });
});

test('the version znode deleted: served on, and said; made again: followed', async () => {
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  await serves(replica.url, '1');
  await session.remove(VERSION);
  await passes(async () => {
    expect(await status('one')).toMatchObject({
      desired: null,
      serving: { version: '1' },
      error: { code: 'DESIRED_MISSING' },
    });
  });
  expect(await irisVersion(replica.url)).toBe('1');
  await promote('2');
  await serves(replica.url, '2');
  await passes(async () => {
    expect(await status('one')).toMatchObject({ phase: 'SERVING', error: null });
  });
});

test('the whole root deleted: the last good state serves on', async () => {
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  await serves(replica.url, '1');
  await session.create('/zooserve/models/iris/config', Buffer.from('{"log":{"level":"warn"}}'));
  const { mzxid } = (await session.exists('/zooserve/models/iris/config')) ?? {};
  const configZxid = async (): Promise<string | null> =>
    (await infer(replica.url, 'iris', [IRIS.rows[0] ?? []])).headers.get('zooserve-config-zxid');
  await passes(async () => {
    expect(await configZxid()).toBe(mzxid);
  });
  await removeTree('/zooserve');
  await passes(() => {
    expect(replica.logged.join('\n')).toContain('/zooserve/models is not there');
  });
  // Longer than a removal takes to be believed: a model that is really removed is gone by then.
  await session.ensurePath('/zooserve/models/other');
  await passes(async () => {
    expect((await infer(replica.url, 'other', [[1]])).status).toBe(503);
  });
  await session.remove('/zooserve/models/other');
  await passes(async () => {
    expect((await infer(replica.url, 'other', [[1]])).status).toBe(404);
  });
  expect(await irisVersion(replica.url)).toBe('1');
  expect(await configZxid()).toBe(mzxid);
});

/** As `deleteall` of a ZooKeeper shell; a replica that makes its own znode again meanwhile is no obstacle. */
async function removeTree(path: string): Promise<void> {
  for (const name of (await session.children(path))?.names ?? []) await removeTree(`${path}/${name}`);
  try {
    await session.remove(path);
  } catch (error) {
    if (!(error instanceof ZooKeeperError)) throw error;
    if (error.code === 'NOT_EMPTY') await removeTree(path);
    else if (error.code !== 'NO_NODE') throw error;
  }
}
