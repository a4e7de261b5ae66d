import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { passes } from '../support/passes';
import { irisVersion } from '../support/infer';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const VERSION = '/zooserve/models/iris/version';
let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let replica: ServeProcess;
let models: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'zooserve-models-'));
  await cp(join(PROJECT_ROOT, 'models', 'iris'), join(models, 'iris'), { recursive: true });
  for (const version of ['truncated', 'text', 'lying', 'missing']) {
    await cp(join(models, 'iris', '1'), join(models, 'iris', version), { recursive: true });
  }
  await truncate(join(models, 'iris', 'truncated', 'model.onnx'), 100);
  await writeFile(join(models, 'iris', 'text', 'model.onnx'), 'this is no model');
  await cp(join(models, 'iris', '2', 'model.json'), join(models, 'iris', 'lying', 'model.json'));
  await rm(join(models, 'iris', 'missing', 'model.onnx'));
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  await session.ensurePath(VERSION);
  await session.set(VERSION, Buffer.from('1'));
  replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one', models });
  await passes(async () => {
    expect(await irisVersion(replica.url)).toBe('1');
  });
});

afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await rm(models, { recursive: true });
});

async function failsWith(version: string, code: string): Promise<void> {
  const { mzxid } = await session.set(VERSION, Buffer.from(version));
  await passes(async () => {
    const node = await session.get('/zooserve/status/iris/one');
    expect(JSON.parse(node?.data.toString() ?? '{}')).toMatchObject({
      desired: { version, mzxid },
      serving: { version: '1' },
      phase: 'FAILED',
      error: { code },
    });
  });
  expect(await irisVersion(replica.url)).toBe('1');
}

test.each([
  ['missing', 'NOT_FOUND'],
  ['truncated', 'BAD_MODEL'],
  ['text', 'BAD_MODEL'],
  ['lying', 'PROBE_MISMATCH'],
])('a model file that is %s is %s and displaces nothing', async (version, code) => {
  await failsWith(version, code);
});

test('bytes that are not those of the catalog, also of handler.js, are DIGEST_MISMATCH', async () => {
  const model = await readFile(join(models, 'iris', '2', 'model.onnx'));
  const sha256 = createHash('sha256').update(model).digest('hex');
  await cp(join(models, 'iris', '2'), join(models, 'iris', '3'), { recursive: true });
  await session.ensurePath('/zooserve/catalog/iris');
  for (const [version, manifest] of [
    ['2', { sha256: '0'.repeat(64), bytes: 1 }],
    ['3', { sha256, bytes: model.length, files: { 'handler.js': '0'.repeat(64) } }],
  ] as const) {
    await session.create(`/zooserve/catalog/iris/${version}`, Buffer.from(JSON.stringify(manifest)));
    await failsWith(version, 'DIGEST_MISMATCH');
  }
});

test('the file of the version that serves may go: it serves on, and the next promotion is followed', async () => {
  await rename(join(models, 'iris', '1'), join(models, 'iris', 'moved'));
  expect(await irisVersion(replica.url)).toBe('1');
  await session.set(VERSION, Buffer.from('moved'));
  await passes(async () => {
    const node = await session.get('/zooserve/status/iris/one');
    expect(JSON.parse(node?.data.toString() ?? '{}')).toMatchObject({
      phase: 'SERVING',
      serving: { version: 'moved' },
    });
  });
});
