import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';
import { passes } from '../support/passes';
import { DIGITS, infer, IRIS, irisVersion } from '../support/infer';
import { ServeProcess } from '../support/serve-process';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let replica: ServeProcess;

const write = async (path: string, data: string | Uint8Array): Promise<string> => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  if ((await session.exists(path)) === undefined) {
    await session.ensurePath(path);
  }
  return (await session.set(path, bytes)).mzxid;
};

const status = async (model: string): Promise<Record<string, unknown>> => {
  const node = await session.get(`/zooserve/status/${model}/one`);
  return JSON.parse(node?.data.toString() ?? '{}') as Record<string, unknown>;
};

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
});

afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

test.each([
  ['iris', IRIS],
  ['digits', DIGITS],
])('%s: both versions answer as scikit-learn does, to 1e-5', async (model, fixture) => {
  for (const version of ['1', '2']) {
    const mzxid = await write(`/zooserve/models/${model}/version`, version);
    const answer = await passes(async () => {
      const got = await infer(replica.url, model, fixture.rows);
      expect(got.headers.get('zooserve-model-zxid')).toBe(mzxid);
      return got;
    });
    expect(answer.version).toBe(version);
    const expected = fixture.versions[version];
    const named = (name: string): readonly unknown[] =>
      answer.outputs.find((o) => o.name === name)?.data ?? [];
    expect(named('label')).toEqual(expected?.label);
    const flat = expected?.probabilities.flat() ?? [];
    const worst = Math.max(...flat.map((value, i) => Math.abs(value - Number(named('probabilities')[i]))));
    expect(worst).toBeLessThanOrEqual(1e-5);
  }
});

test('writing the old version back is a rollback', async () => {
  await write('/zooserve/models/iris/version', '2');
  await passes(async () => {
    expect(await irisVersion(replica.url)).toBe('2');
  });
  await write('/zooserve/models/iris/version', ' 1\n');
  await passes(async () => {
    expect(await irisVersion(replica.url)).toBe('1');
  });
  await passes(async () => {
    expect(await status('iris')).toMatchObject({ phase: 'SERVING', serving: { version: '1' }, error: null });
  });
});

test.each([
  ['a version that is not there', '9', 'NOT_FOUND', '9'],
  ['a path', '../../x', 'BAD_VERSION', null],
  ['100 kB of noise', 'x'.repeat(100_000), 'BAD_VERSION', null],
  ['invalid UTF-8', new Uint8Array([0xff, 0xfe, 0x80]), 'BAD_VERSION', null],
  ['nothing', '', 'BAD_VERSION', null],
])('%s is refused and the last good version serves on', async (_, data, code, version) => {
  await write('/zooserve/models/iris/version', '1');
  await passes(async () => {
    expect(await irisVersion(replica.url)).toBe('1');
  });
  const mzxid = await write('/zooserve/models/iris/version', data);
  await passes(async () => {
    expect(await status('iris')).toMatchObject({
      desired: { version, mzxid },
      serving: { version: '1' },
      phase: 'FAILED',
      error: { code, retryable: false },
    });
  });
  expect(await irisVersion(replica.url)).toBe('1');
});

test('a config write changes answers at once, and a bad one is refused whole', async () => {
  await write('/zooserve/models/iris/version', '2');
  await passes(async () => {
    expect(await irisVersion(replica.url)).toBe('2');
  });
  const names = async (): Promise<readonly unknown[]> => {
    const answer = await infer(replica.url, 'iris', IRIS.rows);
    return answer.outputs.find(({ name }) => name === 'label_name')?.data ?? [];
  };
  expect(await names()).not.toContain('unsure');
  const good = await write('/zooserve/models/iris/config', '{"params":{"threshold":0.99}}');
  await passes(async () => {
    expect(await names()).toContain('unsure');
  });
  for (const [bad, where] of [
    ['{"params":{"threshold":', 'JSON'],
    ['{"batchng":{}}', '$.batchng'],
    ['{"batching":{"maxRows":"many"}}', '$.batching.maxRows'],
    ['{"params":{"threshold":2}}', 'threshold'],
  ] as const) {
    const mzxid = await write('/zooserve/models/iris/config', bad);
    const record = await passes(async () => {
      const read = await status('iris');
      expect(read).toMatchObject({ config: { state: 'REFUSED', mzxid: good, error: { mzxid } } });
      return read;
    });
    expect((record['config'] as { error: { message: string } }).error.message).toContain(where);
    expect(await names()).toContain('unsure');
  }
  await session.remove('/zooserve/models/iris/config');
  await passes(async () => {
    expect(await names()).not.toContain('unsure');
  });
  await passes(async () => {
    expect(await status('iris')).toMatchObject({ config: { state: 'DEFAULT', mzxid: null } });
  });
});

test('a model without a version znode is there and not ready; removed, it is unknown', async () => {
  await session.ensurePath('/zooserve/models/blank');
  await passes(async () => {
    expect(await status('blank')).toMatchObject({
      desired: null,
      serving: null,
      error: { code: 'DESIRED_MISSING' },
    });
  });
  expect((await infer(replica.url, 'blank', [[1]])).status).toBe(503);
  await session.remove('/zooserve/models/blank');
  await passes(async () => {
    expect((await infer(replica.url, 'blank', [[1]])).status).toBe(404);
  });
  expect(await session.exists('/zooserve/status/blank/one')).toBeUndefined();
});
