import { cp, mkdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { infer } from '../support/infer';
import { passes } from '../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const FIXTURES = join(PROJECT_ROOT, 'test/fixtures/models');
/** As the first number of a request: the process ends as by a fault in native code; the batch has no end. */
const [POISON, HOLD] = [-1, -2];
const HANDLER = `export default {
  preprocess(inputs) {
    const [asks] = inputs.input.data;
    if (asks === ${POISON}) process.kill(process.pid, 'SIGSEGV');
    while (asks === ${POISON} || asks === ${HOLD});
    return inputs;
  },
};`;

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let directory: TemporaryDirectory;

const promote = async (model: string, version: string): Promise<string> => {
  await session.ensurePath(`/zooserve/models/${model}/version`);
  return (await session.set(`/zooserve/models/${model}/version`, Buffer.from(version))).mzxid;
};
const start = (): Promise<ServeProcess> =>
  ServeProcess.start({
    zookeeper: zookeeper.connectString,
    models: join(directory.path, 'models'),
    replica: 'one',
    args: ['--session-timeout', '1000'],
    stateDir: join(directory.path, 'state'),
  });
const serves = ({ url }: ServeProcess, model: string, version: string): Promise<void> =>
  passes(async () => {
    expect(await infer(url, model, [[1]])).toMatchObject({ status: 200, version });
    expect((await fetch(`${url}/v2/health/ready`)).status).toBe(200);
  }, 30_000);
const status = async (model: string): Promise<unknown> => {
  const node = await session.get(`/zooserve/status/${model}/one`);
  return node && JSON.parse(node.data.toString());
};
/** Lives of a replica that serves that version of `m`, each of which ends by such a request. */
async function crashes(version: string, times: number): Promise<void> {
  for (let crash = 0; crash < times; crash += 1) {
    const replica = await start();
    await serves(replica, 'm', version);
    const ended = once(replica.child, 'exit');
    await expect(infer(replica.url, 'm', [[POISON]])).rejects.toThrow('fetch failed');
    await ended;
    expect(replica.child.signalCode).toBe('SIGSEGV');
  }
}

beforeEach(async () => {
  directory = await temporaryDirectory();
  const models = join(directory.path, 'models');
  await mkdir(models);
  for (const model of ['m', 'other']) {
    await cp(join(FIXTURES, 'which_version'), join(models, model), { recursive: true });
  }
  for (const version of ['1', '2']) await writeFile(join(models, 'm', version, 'handler.js'), HANDLER);
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 2000 });
  await session.connected();
  await promote('m', '1');
  await promote('other', '1');
});

afterEach(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test('a version that crashes the process in three lives in a row gives way to the one before it, until it is promoted again', async () => {
  {
    await using replica = await start();
    await serves(replica, 'm', '1');
    expect(await replica.end()).toBe(0);
  }
  const mzxid = await promote('m', '2');
  await crashes('2', 3);
  {
    await using replica = await start();
    await serves(replica, 'm', '1');
    await serves(replica, 'other', '1');
    await passes(async () => {
      expect(await status('m')).toMatchObject({
        desired: { version: '2', mzxid },
        serving: { version: '1' },
        phase: 'FAILED',
        error: {
          code: 'QUARANTINED',
          message: expect.stringContaining('3 times in a row, the last 2 while it ran a batch') as string,
          retryable: false,
        },
        stale: true,
      });
    });
    expect(replica.logged.join('')).toContain('the process before this one did not end in order');
    expect(await (await fetch(`${replica.url}/metrics`)).text()).toContain(
      'zooserve_quarantines_total{model="m",version="2"} 1',
    );
    expect(await replica.end()).toBe(0);
  }
  {
    await using replica = await start();
    await serves(replica, 'm', '1');
    expect(await status('m')).toMatchObject({ error: { code: 'QUARANTINED' } });
    await promote('m', '2');
    await serves(replica, 'm', '2');
    expect(await status('m')).toMatchObject({ serving: { version: '2' }, phase: 'SERVING', error: null });
    expect(await replica.end()).toBe(0);
  }
  await crashes('2', 1);
});

test('with nothing to take its place the model answers 503 with the reason, and the others serve', async () => {
  await crashes('1', 3);
  await using replica = await start();
  await serves(replica, 'other', '1');
  expect(await infer(replica.url, 'm', [[1]])).toMatchObject({
    status: 503,
    error: expect.stringMatching(
      /^model m serves no version: version 1 of model m is quarantined: .* until its version znode is written again$/,
    ) as string,
  });
  expect(await status('m')).toMatchObject({ serving: null, phase: 'FAILED', error: { code: 'QUARANTINED' } });
  expect(await replica.end()).toBe(0);
});

test('a healthy version is quarantined neither by two SIGKILLs in the middle of a batch nor by more when it is idle', async () => {
  for (const at of ['work', 'work', 'rest', 'rest']) {
    await using replica = await start();
    await serves(replica, 'm', '1');
    const held = at === 'work' ? infer(replica.url, 'm', [[HOLD]]).catch(() => undefined) : undefined;
    // It is in the worker's hands once the deadline has passed.
    await held;
    expect(await replica.end('SIGKILL')).toBe('SIGKILL');
  }
  await using replica = await start();
  await serves(replica, 'm', '1');
  expect(await status('m')).toMatchObject({ phase: 'SERVING', error: null });
  expect(await replica.end()).toBe(0);
});
