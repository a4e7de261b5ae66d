import { parseAcl } from '../../src/acl';
import type { ZooKeeperSession } from '../../src/streams/session';
import { ANN, connectAs } from '../support/identities';
import { DIGITS, infer, irisVersion } from '../support/infer';
import { passes } from '../support/passes';
import { ServeProcess } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const IRIS = '/zooserve/models/iris';
const DIGITS_VERSION = '/zooserve/models/digits/version';

let zookeeper: ZooKeeperPlace;
let nobody: ZooKeeperSession;
/** Creates what she alone may read. */
let ann: ZooKeeperSession;

beforeEach(async () => {
  zookeeper = await sharedZooKeeper();
  nobody = await connectAs(zookeeper, undefined);
  ann = await connectAs(zookeeper, ANN, { acl: parseAcl('auth::cdrwa') });
});

afterEach(async () => {
  for (const session of [nobody, ann]) await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

const status = async (model: string): Promise<unknown> => {
  const node = await nobody.get(`/zooserve/status/${model}/one`);
  return node && JSON.parse(node.data.toString());
};
const reports = (model: string, wanted: object): Promise<void> =>
  passes(async () => {
    expect(await status(model)).toMatchObject(wanted);
  }, 60_000);
const ready = ({ url }: ServeProcess): Promise<void> =>
  passes(async () => {
    expect((await fetch(`${url}/v2/health/ready`)).status).toBe(200);
  }, 30_000);
const refused = (what: string, path: string): object => ({
  code: 'FETCH_FAILED',
  message: expect.stringMatching(
    `^${what} cannot be read: .*: not allowed: that takes the right to read \\(r\\) on ${path} `,
  ) as string,
  retryable: true,
});

test('a version or a config that may not be read is reported, and stops no other model nor readiness', async () => {
  for (const path of [`${IRIS}/version`, DIGITS_VERSION])
    await nobody.ensurePath(path.replace(/\/version$/, ''));
  await nobody.create(`${IRIS}/version`, Buffer.from('1'));
  await ann.create(`${IRIS}/config`, Buffer.from('{}'));
  await ann.create(DIGITS_VERSION, Buffer.from('1'));
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  await ready(replica);
  await reports('digits', {
    desired: null,
    serving: null,
    phase: 'FAILED',
    error: refused('the version znode', DIGITS_VERSION),
  });
  await reports('iris', {
    serving: { version: '1' },
    phase: 'SERVING',
    config: { state: 'DEFAULT', mzxid: null },
    error: refused('the config znode', `${IRIS}/config`),
  });
  expect(await irisVersion(replica.url)).toBe('1');
  expect(await (await fetch(`${replica.url}/metrics`)).text()).toContain(
    'zooserve_zookeeper_watched_znodes{freshness="stale"} 2',
  );

  // They may be read now.
  await ann.remove(DIGITS_VERSION);
  await nobody.create(DIGITS_VERSION, Buffer.from('1'));
  await ann.remove(`${IRIS}/config`);
  await nobody.create(`${IRIS}/config`, Buffer.from('{"batching":{"maxRows":8}}'));
  await reports('digits', { serving: { version: '1' }, phase: 'SERVING', error: null });
  await reports('iris', { phase: 'SERVING', config: { state: 'APPLIED' }, error: null });
  expect((await infer(replica.url, 'digits', DIGITS.rows.slice(0, 1))).version).toBe('1');
});

test('a version that may not be read any more serves on; after a restart the last good one is served', async () => {
  await nobody.ensurePath(IRIS);
  await nobody.create(`${IRIS}/version`, Buffer.from('1'));
  await using stateDir = await temporaryDirectory();
  const start = { zookeeper: zookeeper.connectString, replica: 'one', stateDir: stateDir.path };
  {
    await using replica = await ServeProcess.start(start);
    await reports('iris', { serving: { version: '1' }, phase: 'SERVING' });
    // At once: of a znode that may not be read a server may notify nothing when it is created.
    await ann.multi([
      { op: 'remove', path: `${IRIS}/version` },
      { op: 'create', path: `${IRIS}/version`, data: Buffer.from('2') },
    ]);
    await reports('iris', {
      serving: { version: '1' },
      stale: true,
      phase: 'FAILED',
      error: refused('the version znode', `${IRIS}/version`),
    });
    expect(await irisVersion(replica.url)).toBe('1');
  }
  await using again = await ServeProcess.start(start);
  await ready(again);
  expect(await irisVersion(again.url)).toBe('1');
  await reports('iris', {
    serving: { version: '1' },
    stale: true,
    error: refused('the version znode', `${IRIS}/version`),
  });
});

test('a list of models that may not be read leaves those that are known', async () => {
  await nobody.ensurePath('/zooserve');
  await ann.ensurePath(IRIS);
  await nobody.create('/own_version', Buffer.from('2'));
  await using replica = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    args: ['--model', 'iris=/own_version'],
  });
  await ready(replica);
  await reports('iris', {
    serving: { version: '2' },
    phase: 'SERVING',
    error: refused('the list of models', '/zooserve/models'),
  });
  expect(await irisVersion(replica.url)).toBe('2');
});

test('with nothing that may be read, and no model known, a replica is not ready and says why, until it may', async () => {
  await nobody.ensurePath('/zooserve');
  await ann.ensurePath(IRIS);
  await ann.create(`${IRIS}/version`, Buffer.from('1'));
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  await passes(async () => {
    const health = await fetch(`${replica.url}/v2/health/ready`);
    expect([health.status, await health.text()]).toEqual([503, '{"live":true,"ready":false}']);
    expect(health.headers.get('zooserve-unready')).toMatch(
      /^the list of models cannot be read: .*: not allowed: that takes the right to read \(r\) on \/zooserve\/models /,
    );
  }, 30_000);
  expect(replica.logged.join('\n')).toContain('the list of models cannot be read');
  expect((await infer(replica.url, 'iris', [[1, 2, 3, 4]])).status).toBe(404);

  for (const path of [`${IRIS}/version`, IRIS, '/zooserve/models']) await ann.remove(path);
  await nobody.ensurePath(IRIS);
  await nobody.create(`${IRIS}/version`, Buffer.from('1'));
  await ready(replica);
  expect(await irisVersion(replica.url)).toBe('1');
});
