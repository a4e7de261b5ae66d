import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { END_THREAD, FILL_HEAP, FOR_EVER, GREEDY } from '../support/greedy-handler';
import { infer } from '../support/infer';
import { passes } from '../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const FIXTURES = join(PROJECT_ROOT, 'test/fixtures/models');

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let directory: TemporaryDirectory;

const write = async (path: string, data: string): Promise<void> => {
  await session.ensurePath(`/zooserve/models/${path}`);
  await session.set(`/zooserve/models/${path}`, Buffer.from(data));
};
const start = (...nodeOptions: readonly string[]): Promise<ServeProcess> =>
  ServeProcess.start({
    zookeeper: zookeeper.connectString,
    models: join(directory.path, 'models'),
    replica: 'one',
    stateDir: join(directory.path, 'state'),
    nodeOptions,
  });
const answers = ({ url }: ServeProcess, model: string, timeoutMs?: number): Promise<void> =>
  passes(async () => {
    expect((await infer(url, model, [[1]])).status).toBe(200);
  }, timeoutMs);
const metric = async ({ url }: ServeProcess, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
};

beforeAll(async () => {
  directory = await temporaryDirectory();
  const models = join(directory.path, 'models');
  await mkdir(models);
  await cp(join(FIXTURES, 'rounds'), join(models, 'rounds'), { recursive: true });
  await cp(join(FIXTURES, 'which_version'), join(models, 'greedy'), { recursive: true });
  for (const version of ['1', '2']) await writeFile(join(models, 'greedy', version, 'handler.js'), GREEDY);
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 2000 });
  await session.connected();
  await write('rounds/version', '1');
  await write('rounds/config', '{"admission":{"timeoutMs":500}}');
  await write('greedy/version', '1');
  await write('greedy/config', '{"admission":{"timeoutMs":30000},"residency":{"keepPrevious":0}}');
});

afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test('a worker that runs out of memory takes its own requests with it, and nothing else', async () => {
  await using replica = await start('--max-old-space-size=100');
  await answers(replica, 'greedy');
  const killed = await infer(replica.url, 'greedy', [[FILL_HEAP]]);
  expect(killed.status).toBe(503);
  expect(killed.error).toMatch(/^the worker of model greedy version 1 ended: .*memory limit/);
  await answers(replica, 'rounds');
  await answers(replica, 'greedy');
  expect(await metric(replica, 'zooserve_worker_deaths_total{model="greedy",version="1",how="ended"}')).toBe(
    1,
  );
  expect(await replica.end()).toBe(0);
});

test('a call of ONNX Runtime that never returns: another worker takes over, and SIGTERM ends the process all the same', async () => {
  await using replica = await start();
  await answers(replica, 'rounds');
  expect((await infer(replica.url, 'rounds', [[FOR_EVER]])).status).toBe(504);
  await passes(async () => {
    const { status, error, headers } = await infer(replica.url, 'rounds', [[1]]);
    expect({ status, error, retryAfter: headers.get('retry-after') }).toEqual({
      status: 503,
      error:
        'every worker of model rounds version 1 has been inside one call for longer than 500 ms (admission.timeoutMs)',
      retryAfter: '1',
    });
  });
  await answers(replica, 'greedy');
  expect((await fetch(`${replica.url}/v2/health/live`)).status).toBe(200);
  await answers(replica, 'rounds', 30_000);
  expect(await metric(replica, 'zooserve_workers_left_behind')).toBe(1);
  expect(await replica.end()).toBe('SIGKILL');
  const last = JSON.parse(replica.logged.at(-1) ?? '') as unknown;
  expect(last).toMatchObject({ level: 60, leftBehind: ['the worker of model rounds version 1'] });
  expect((await session.children('/zooserve/replicas'))?.names).toEqual([]);
  expect((await session.children('/zooserve/status/rounds'))?.names ?? []).toEqual([]);
});

test('a version that loses its worker three times gives way to one that served before, also in the next life', async () => {
  const replica = await start();
  const quarantined = (): Promise<void> =>
    passes(async () => {
      const node = await session.get('/zooserve/status/greedy/one');
      expect(JSON.parse(node?.data.toString() ?? '{}')).toMatchObject({
        desired: { version: '2' },
        serving: { version: '1' },
        resident: ['1'],
        phase: 'FAILED',
        error: {
          code: 'QUARANTINED',
          message: expect.stringContaining('it has lost 3 workers') as string,
          retryable: false,
        },
      });
    });
  await answers(replica, 'greedy');
  await write('greedy/version', '2');
  for (let losses = 0; losses < 3; losses += 1) {
    await passes(async () => {
      expect(await infer(replica.url, 'greedy', [[1]])).toMatchObject({ status: 200, version: '2' });
    });
    expect((await infer(replica.url, 'greedy', [[END_THREAD]])).status).toBe(503);
  }
  await quarantined();
  expect((await infer(replica.url, 'greedy', [[1]])).version).toBe('1');
  expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
  expect(await replica.end()).toBe(0);

  await using next = await start();
  await answers(next, 'greedy');
  expect((await infer(next.url, 'greedy', [[1]])).version).toBe('1');
  await quarantined();
  await write('greedy/version', '2');
  await passes(async () => {
    expect((await infer(next.url, 'greedy', [[1]])).version).toBe('2');
  });
});

test('one that nothing can stand in for answers 503 with the reason, and is tried again after a minute', async () => {
  await rm(join(directory.path, 'state'), { recursive: true });
  await using replica = await start();
  for (let losses = 0; losses < 3; losses += 1) {
    await answers(replica, 'greedy');
    expect((await infer(replica.url, 'greedy', [[END_THREAD]])).status).toBe(503);
  }
  await passes(async () => {
    expect(await infer(replica.url, 'greedy', [[1]])).toMatchObject({
      status: 503,
      error: expect.stringMatching(
        /^model greedy serves no version: version 2 of model greedy is quarantined: it has lost 3 workers .* no other version can answer in its place, so it is started again in 60 s, or when it is promoted again$/,
      ) as string,
    });
    const node = await session.get('/zooserve/status/greedy/one');
    expect(JSON.parse(node?.data.toString() ?? '{}')).toMatchObject({
      serving: null,
      phase: 'FAILED',
      error: { code: 'QUARANTINED', retryable: true },
    });
  });
  await write('greedy/version', '1');
  await answers(replica, 'greedy');
});
