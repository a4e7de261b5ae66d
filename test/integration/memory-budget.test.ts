import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { passes } from '../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

/** A replica with room for three small versions. */
let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let replica: ServeProcess;
let models: TemporaryDirectory;

async function promote(model: string, version: string): Promise<void> {
  await session.ensurePath(`/zooserve/models/${model}/version`);
  await session.set(`/zooserve/models/${model}/version`, Buffer.from(version));
}

const statusIs = (model: string, expected: object): Promise<void> =>
  passes(async () => {
    const node = await session.get(`/zooserve/status/${model}/one`);
    expect(JSON.parse(node?.data.toString() ?? '{}')).toMatchObject(expected);
  });

async function metrics(name: string): Promise<string[]> {
  const text = await (await fetch(`${replica.url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .sort();
}

beforeAll(async () => {
  models = await temporaryDirectory();
  for (const model of ['m', 'n', 'o', 'p']) {
    await cp(join(PROJECT_ROOT, 'test/fixtures/models/which_version'), join(models.path, model), {
      recursive: true,
    });
  }
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  replica = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    models: models.path,
    args: ['--memory-budget', '65MiB'],
  });
});

afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
});

test('what is kept makes room, and the status shows what is in memory still', async () => {
  await promote('m', '1');
  await statusIs('m', { serving: { version: '1' } });
  await promote('m', '2');
  await statusIs('m', { serving: { version: '2' }, resident: ['2', '1'] });
  await promote('n', '1');
  await statusIs('n', { phase: 'SERVING', resident: ['1'] });
  expect(await metrics('zooserve_memory_budget_bytes')).toEqual([
    `zooserve_memory_budget_bytes ${65 * 2 ** 20}`,
  ]);
  expect(await metrics('zooserve_memory_reserved_bytes')).toEqual(
    [/m",version="1"} 2097\d{4}$/, /m",version="2"} 2097\d{4}$/, /n",version="1"} 2097\d{4}$/].map(
      (line) => expect.stringMatching(line) as string,
    ),
  );

  await promote('n', '2');
  await statusIs('n', { phase: 'SERVING', serving: { version: '2' }, resident: ['2', '1'] });
  await statusIs('m', { phase: 'SERVING', resident: ['2'] });

  // Two that serve, and one that is loaded beside: with a fourth there is no room.
  await promote('n', '3');
  await statusIs('n', { phase: 'SERVING', resident: ['3', '2'] });
  await session.ensurePath('/zooserve/models/m/config');
  await session.set('/zooserve/models/m/config', Buffer.from('{"session":{"intraOpThreads":2}}'));
  await statusIs('m', { config: { state: 'APPLIED' }, resident: ['2'] });
  await statusIs('n', { resident: ['3'] });
});

test('a version that is refused is served once memory is given back', async () => {
  await promote('o', '1');
  await statusIs('o', { phase: 'SERVING' });
  await statusIs('m', { resident: ['2'] });
  await promote('p', '1');
  await statusIs('p', {
    phase: 'FAILED',
    serving: null,
    error: { code: 'MEMORY_REFUSED', retryable: true },
  });
  for (const path of ['/zooserve/models/n/version', '/zooserve/models/n']) await session.remove(path);
  await statusIs('p', { phase: 'SERVING', serving: { version: '1' }, error: null });
});
