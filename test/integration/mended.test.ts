import { createHash } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { infer, IRIS, irisVersion } from '../support/infer';
import { passes } from '../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

/** What is wrong at first and mended, or right at first and overtaken, in ZooKeeper alone. */
let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let replica: ServeProcess;
let models: string;

const write = async (path: string, text: string): Promise<string> => {
  await session.ensurePath(path);
  return (await session.set(path, Buffer.from(text))).mzxid;
};
const statusIs = (model: string, expected: object): Promise<void> =>
  passes(async () => {
    const node = await session.get(`/zooserve/status/${model}/one`);
    expect(JSON.parse(node?.data.toString() ?? '{}')).toMatchObject(expected);
  });

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'zooserve-models-'));
  await cp(join(PROJECT_ROOT, 'models', 'iris'), join(models, 'iris'), { recursive: true });
  await cp(join(PROJECT_ROOT, 'test/fixtures/models/handler_params'), join(models, 'handler_params'), {
    recursive: true,
  });
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one', models });
});

afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await rm(models, { recursive: true });
});

test('a first version that needs params is served once the config has them', async () => {
  await write('/zooserve/models/handler_params/version', '1');
  await statusIs('handler_params', { phase: 'FAILED', error: { code: 'WARMUP_FAILED' } });
  const mzxid = await write('/zooserve/models/handler_params/config', '{"params":{"scale":2}}');
  await statusIs('handler_params', { phase: 'SERVING', config: { state: 'APPLIED', mzxid } });
});

test('a config for a model that serves nothing yet counts as applied, white space as none', async () => {
  const mzxid = await write('/zooserve/models/unborn/config', '{"log":{"level":"warn"}}');
  await statusIs('unborn', { serving: null, config: { state: 'APPLIED', mzxid } });
  await write('/zooserve/models/unborn/config', ' \n');
  await statusIs('unborn', { config: { state: 'DEFAULT', mzxid: null } });
});

test('a version in memory is not served again when the catalog says other bytes by now', async () => {
  for (const version of ['1', '2']) {
    await write('/zooserve/models/iris/version', version);
    await passes(async () => {
      expect(await irisVersion(replica.url)).toBe(version);
    });
  }
  const sha256 = createHash('sha256').update('other bytes').digest('hex');
  await write('/zooserve/catalog/iris/1', JSON.stringify({ sha256, bytes: 11 }));
  const mzxid = await write('/zooserve/models/iris/version', '1');
  await statusIs('iris', {
    desired: { mzxid },
    serving: { version: '2' },
    error: { code: 'DIGEST_MISMATCH' },
  });
  expect(await irisVersion(replica.url)).toBe('2');
});

test('a catalog entry that is no manifest is refused, not passed over', async () => {
  await cp(join(models, 'iris', '1'), join(models, 'iris', '3'), { recursive: true });
  await write('/zooserve/catalog/iris/3', 'not json');
  const mzxid = await write('/zooserve/models/iris/version', '3');
  await statusIs('iris', {
    desired: { mzxid },
    phase: 'FAILED',
    error: { code: 'DIGEST_MISMATCH', retryable: false },
  });
});

test('a config may let the first of a batch wait as long as its deadline: it is answered all the same', async () => {
  const mzxid = await write('/zooserve/models/iris/config', '{"batching":{"maxDelayMs":1000}}');
  await statusIs('iris', { config: { state: 'APPLIED', mzxid } });
  const answer = await infer(replica.url, 'iris', [IRIS.rows[0] ?? []]);
  expect(answer.headers.get('zooserve-config-zxid')).toBe(mzxid);
  expect(answer.status).toBe(200);
});

test.each([
  ['{', '$: '],
  ['{"session":{"executionProviders":["cuda"]}}', '$.session: '],
])('the status names where in the config %s is wrong', async (config, path) => {
  const mzxid = await write('/zooserve/models/iris/config', config);
  await statusIs('iris', {
    config: { state: 'REFUSED', error: { mzxid, message: expect.stringContaining(path) as string } },
  });
});
