import { appendFile, cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { passes } from '../support/passes';
import { DIGITS, infer, IRIS, irisVersion } from '../support/infer';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { TcpProxy } from '../support/tcp-proxy';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, startTestZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const IRIS_ZNODES = '/zooserve/models/iris';
let zookeeper: ZooKeeperPlace;
/** The way of the replicas to it: refused, ZooKeeper is away for them. */
let network: TcpProxy;
let session: ZooKeeperSession;
let directory: TemporaryDirectory;

const write = async (path: string, data: string): Promise<string> => {
  await session.ensurePath(path);
  return (await session.set(path, Buffer.from(data))).mzxid;
};
const start = (...args: readonly string[]): Promise<ServeProcess> =>
  ServeProcess.start({
    zookeeper: network.connectString + zookeeper.chroot,
    models: join(directory.path, 'models'),
    replica: 'one',
    args: ['--session-timeout', '4000', ...args],
    stateDir: join(directory.path, 'state'),
  });
const serves = (url: string, version: string): Promise<void> =>
  passes(async () => {
    expect(await irisVersion(url)).toBe(version);
  }, 30_000);
const status = async (): Promise<unknown> => {
  const node = await session.get('/zooserve/status/iris/one');
  return node && JSON.parse(node.data.toString());
};
const metric = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
};
/** Serves what was promoted until it answers and is ready, and so has left something to the next life, and ends. */
const liveOnce = async (version: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
  await using replica = await start();
  await serves(replica.url, version);
  await passes(async () => {
    expect(await status()).toMatchObject({ phase: 'SERVING', serving: { version } });
    expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
  });
  await replica.end(signal);
};

beforeEach(async () => {
  directory = await temporaryDirectory();
  await cp(join(PROJECT_ROOT, 'models'), join(directory.path, 'models'), { recursive: true });
  await connect(await sharedZooKeeper());
});

afterEach(async () => {
  await disconnect();
  await directory[Symbol.asyncDispose]();
});

async function connect(place: ZooKeeperPlace): Promise<void> {
  zookeeper = place;
  network = await TcpProxy.start(place.port);
  session = openSession({ connectString: place.connectString, sessionTimeoutMs: 2000 });
  await session.connected();
}

async function disconnect(): Promise<void> {
  await session[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
}

test('killed, and started while ZooKeeper is away: version and config of before answer, marked stale; then ZooKeeper wins', async () => {
  const own = await startTestZooKeeper();
  await disconnect();
  await connect(own);
  const config = await write(`${IRIS_ZNODES}/config`, '{"params":{"threshold":1}}');
  const mzxid = await write(`${IRIS_ZNODES}/version`, '2');
  await liveOnce('2', 'SIGKILL');
  await own.server.kill('SIGKILL');
  await using replica = await start();
  await serves(replica.url, '2');
  const answer = await infer(replica.url, 'iris', IRIS.rows);
  expect(answer.headers.get('zooserve-model-zxid')).toBe(mzxid);
  expect(answer.headers.get('zooserve-config-zxid')).toBe(config);
  expect(answer.outputs.find(({ name }) => name === 'label_name')?.data).toContain('unsure');
  const health = await fetch(`${replica.url}/v2/health/ready`);
  expect(await health.json()).toEqual({ live: true, ready: true });
  expect(health.headers.get('zooserve-stale-seconds')).toMatch(/^\d+$/);
  expect(await metric(replica.url, 'zooserve_zookeeper_stale_seconds')).toBeGreaterThan(0);
  expect(replica.logged.join('')).toContain('the last good state is served');

  await own.server.restart();
  await session.connected();
  await write(`${IRIS_ZNODES}/version`, '1');
  await session.remove(`${IRIS_ZNODES}/config`);
  await serves(replica.url, '1');
  await passes(async () => {
    expect(await status()).toMatchObject({ phase: 'SERVING', config: { state: 'DEFAULT' } });
    expect(await status()).not.toHaveProperty('stale');
  });
  const fresh = await fetch(`${replica.url}/v2/health/ready`);
  expect(fresh.headers.has('zooserve-stale-seconds')).toBe(false);
  expect(await metric(replica.url, 'zooserve_zookeeper_stale_seconds')).toBe(0);
});

test('killed at the moment at which it is first ready: the next one has something to fall back on', async () => {
  await write(`${IRIS_ZNODES}/version`, '1');
  await write('/zooserve/models/digits/version', '1');
  {
    await using first = await start();
    for (;;) {
      const { status } = await fetch(`${first.url}/v2/health/ready`);
      if (status === 200) break;
    }
    await first.end('SIGKILL');
  }
  for (const model of ['iris', 'digits']) await write(`/zooserve/models/${model}/version`, 'missing');
  await using replica = await start();
  await passes(async () => {
    expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
  }, 30_000);
  for (const [model, { rows }] of Object.entries({ iris: IRIS, digits: DIGITS }))
    expect((await infer(replica.url, model, rows.slice(0, 1))).version).toBe('1');
});

test('a model that was removed meanwhile is served while ZooKeeper is away, and gone once it is there', async () => {
  await write(`${IRIS_ZNODES}/version`, '1');
  await write('/zooserve/models/digits/version', '1');
  await liveOnce('1');
  await session.remove(`${IRIS_ZNODES}/version`);
  await session.remove(IRIS_ZNODES);
  await network.refuse();
  await using replica = await start();
  await serves(replica.url, '1');
  await network.heal();
  await passes(async () => {
    expect((await infer(replica.url, 'iris', IRIS.rows)).status).toBe(404);
  }, 30_000);
});

test('the root removed while the replica was down: the last good state is served, and the status says so', async () => {
  await write(`${IRIS_ZNODES}/version`, '1');
  await liveOnce('1');
  for (const path of ['/models/iris/version', '/models/iris', '/models'])
    await session.remove(`/zooserve${path}`);
  await using replica = await start();
  await serves(replica.url, '1');
  await passes(async () => {
    expect(await status()).toMatchObject({
      desired: null,
      serving: { version: '1' },
      phase: 'SERVING',
      stale: true,
      error: { code: 'DESIRED_MISSING' },
    });
  });
});

test('a promotion that cannot be served, and a restart: the last good version answers', async () => {
  await write(`${IRIS_ZNODES}/version`, '1');
  await liveOnce('1');
  const mzxid = await write(`${IRIS_ZNODES}/version`, '9');
  await using replica = await start();
  await passes(async () => {
    expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
  });
  expect(await irisVersion(replica.url)).toBe('1');
  await passes(async () => {
    expect(await status()).toMatchObject({
      desired: { version: '9', mzxid },
      serving: { version: '1' },
      phase: 'FAILED',
      stale: true,
      error: { code: 'NOT_FOUND' },
    });
  });
});

test.each(['model.onnx', 'model.json'])(
  'bytes of %s that are not those that served are not served',
  async (file) => {
    await write(`${IRIS_ZNODES}/version`, '1');
    await liveOnce('1');
    await network.refuse();
    await appendFile(join(directory.path, 'models', 'iris', '1', file), ' ');
    await using replica = await start();
    await passes(() => {
      expect(replica.logged.join('')).toContain('DIGEST_MISMATCH');
    });
    expect((await infer(replica.url, 'iris', IRIS.rows)).status).toBe(503);
  },
);

test('garbage in place of the last good state is logged and ignored', async () => {
  await write(`${IRIS_ZNODES}/version`, '1');
  await liveOnce('1');
  await network.refuse();
  const [folder = ''] = await readdir(join(directory.path, 'state'));
  await writeFile(join(directory.path, 'state', folder, 'last-good.json'), 'garbage');
  await using replica = await start();
  expect(replica.logged.join('')).toContain('cannot be read and is ignored');
  expect((await infer(replica.url, 'iris', IRIS.rows)).status).toBe(404);
  await network.heal();
  await serves(replica.url, '1');
});

test('--require-zookeeper: a start while it is away fails, also with a last good state', async () => {
  await write(`${IRIS_ZNODES}/version`, '1');
  await liveOnce('1');
  await network.refuse();
  await using replica = await start('--require-zookeeper', '--session-timeout', '1000');
  await passes(() => {
    expect(replica.child.exitCode).toBe(1);
  });
  expect(replica.logged.join('')).toMatch(/was not reached within 1 s, and --require-zookeeper is on/);
});
