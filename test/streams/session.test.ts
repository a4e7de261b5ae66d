import { ZooKeeperError } from '../../src/errors';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { dataTold } from '../support/told';
import { sharedZooKeeper, TEST_SESSION_TIMEOUT_MS, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
const nodes = numbered();

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  session = open();
  await session.connected();
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

function open(path = ''): ZooKeeperSession {
  return openSession({
    connectString: zookeeper.connectString + path,
    sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
  });
}

function* numbered(): Generator<string, never> {
  for (let number = 1; ; number += 1) yield `/node-${number}`;
}

describe('operations', () => {
  it('create, read, list, write and remove', async () => {
    const path = nodes.next().value;
    expect(await session.get(path)).toBeUndefined();
    expect(await session.exists(path)).toBeUndefined();
    expect(await session.children(path)).toBeUndefined();
    expect(await session.create(path, Buffer.from('one'))).toBe(path);
    const created = await session.get(path);
    expect(created?.data.toString()).toBe('one');
    expect(created?.stat).toMatchObject({ version: 0, dataLength: 3, ephemeralOwner: '0'.repeat(16) });
    expect(created?.stat.czxid).toMatch(/^[0-9a-f]{16}$/);
    expect(Math.abs((created?.stat.ctime ?? 0) - Date.now())).toBeLessThan(60_000);
    const written = await session.set(path, Buffer.from('two'));
    expect(written.version).toBe(1);
    expect(written.mzxid > written.czxid).toBe(true);
    await session.create(`${path}/child`);
    expect((await session.children(path))?.names).toEqual(['child']);
    expect((await session.get(`${path}/child`))?.data).toEqual(Buffer.alloc(0));
    await session.remove(`${path}/child`);
    await session.remove(path);
    expect(await session.exists(path)).toBeUndefined();
  });

  it('number sequential nodes and name the owner of ephemeral ones', async () => {
    const path = nodes.next().value;
    await session.create(path);
    const first = await session.create(`${path}/n-`, undefined, 'PERSISTENT_SEQUENTIAL');
    const second = await session.create(`${path}/n-`, undefined, 'EPHEMERAL_SEQUENTIAL');
    expect([first, second]).toEqual([`${path}/n-0000000000`, `${path}/n-0000000001`]);
    const { state } = session;
    expect(state.name === 'CONNECTED' && state.sessionId).toBe(
      (await session.exists(second))?.ephemeralOwner,
    );
  });

  it('ensure a path and those above it, also when they are there', async () => {
    const path = `${nodes.next().value}/a/b`;
    await Promise.all([session.ensurePath(path), session.ensurePath(path)]);
    await session.ensurePath(path);
    expect(await session.exists(path)).toBeDefined();
    await session.ensurePath('/');
  });

  it('copy the data when they are called', async () => {
    const path = nodes.next().value;
    const data = Buffer.from('before');
    const created = session.create(path, data);
    data.write('after!');
    await created;
    expect((await session.get(path))?.data.toString()).toBe('before');
  });

  it('sync', async () => {
    await expect(session.sync('/')).resolves.toBeUndefined();
  });

  it('are carried out in the order of the calls', async () => {
    const path = nodes.next().value;
    await session.create(path);
    const writes = Array.from({ length: 500 }, (_, index) =>
      session.set(path, Buffer.from(`${index}`), index),
    );
    const last = session.get(path);
    await Promise.all(writes);
    expect((await last)?.data.toString()).toBe('499');
  });
});

describe('compare and set', () => {
  it('refuses another version than the one named, version 0 included', async () => {
    const path = nodes.next().value;
    await session.create(path);
    await session.set(path, Buffer.from('1'), 0);
    await expect(session.set(path, Buffer.from('2'), 0)).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    await expect(session.remove(path, 0)).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    await session.remove(path, 1);
  });

  it.each([
    { op: 'set' as const, data: Buffer.from('x'), version: 0 },
    { op: 'remove' as const, version: 0 },
    { op: 'check' as const, version: 0 },
  ])('takes version 0 for 0 and not for any in a transaction: $op', async (part) => {
    const path = nodes.next().value;
    await session.create(path);
    await session.set(path, Buffer.from('1'));
    await expect(session.multi([{ ...part, path }])).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      outcome: { path },
    });
    expect((await session.get(path))?.data.toString()).toBe('1');
  });
});

describe('transactions', () => {
  it('do all parts', async () => {
    const path = nodes.next().value;
    await session.create(path);
    await session.create(`${path}/old`);
    await session.multi([
      { op: 'check', path, version: 0 },
      { op: 'set', path, data: Buffer.from('1'), version: 0 },
      { op: 'create', path: `${path}/h-`, data: Buffer.from('h'), mode: 'PERSISTENT_SEQUENTIAL' },
      { op: 'remove', path: `${path}/old` },
    ]);
    expect((await session.get(path))?.data.toString()).toBe('1');
    expect((await session.children(path))?.names).toHaveLength(1);
  });

  it('or none, and name the part that failed', async () => {
    const path = nodes.next().value;
    await session.create(path);
    const failing = session.multi([
      { op: 'set', path, data: Buffer.from('1') },
      { op: 'create', path, data: Buffer.from('2') },
      { op: 'remove', path: `${path}/none` },
    ]);
    await expect(failing).rejects.toBeInstanceOf(ZooKeeperError);
    await expect(failing).rejects.toMatchObject({
      code: 'NODE_EXISTS',
      outcome: { path, mayHaveHappened: false, retryable: false },
    });
    expect((await session.get(path))?.data).toEqual(Buffer.alloc(0));
  });
});

describe('errors', () => {
  it('name the operation, the path and ZooKeeper’s reason', async () => {
    const path = nodes.next().value;
    await expect(session.set(path, Buffer.from('x'))).rejects.toMatchObject({
      name: 'ZooKeeperError',
      code: 'NO_NODE',
      message: `write ${path}: there is no such node (ZooKeeper code -101)`,
      outcome: { path, mayHaveHappened: false, retryable: false },
    });
    await expect(session.remove(path)).rejects.toMatchObject({ code: 'NO_NODE' });
    await session.create(path);
    await session.create(`${path}/e`, undefined, 'EPHEMERAL');
    await expect(session.create(path)).rejects.toMatchObject({ code: 'NODE_EXISTS' });
    await expect(session.remove(path)).rejects.toMatchObject({ code: 'NOT_EMPTY' });
    await expect(session.create(`${path}/e/f`)).rejects.toMatchObject({ code: 'NO_CHILDREN_FOR_EPHEMERALS' });
  });

  it.each(['', 'a', '/a/', '/a//b', '/a/../b', '/./a', '/a\u0000'])('refuse the path %j', async (path) => {
    await expect(session.get(path)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(() => session.watchData(path)).toThrow('is no znode path');
  });

  it('refuse more than a server takes, and the connection stays', async () => {
    const path = nodes.next().value;
    await expect(session.create(path, Buffer.alloc(1_100_000))).rejects.toMatchObject({
      code: 'BAD_ARGUMENTS',
      outcome: { path, mayHaveHappened: false, retryable: false },
    });
    await session.create(path, Buffer.alloc(1_000_000));
    expect((await session.get(path))?.data.length).toBe(1_000_000);
  });
});

describe('chroot', () => {
  it('is put before every path and taken off again, and is made by ensurePath', async () => {
    const root = nodes.next().value;
    await using below = open(`${root}/deep`);
    await below.connected();
    await expect(below.create('/x')).rejects.toMatchObject({ code: 'NO_NODE' });
    await below.ensurePath('/');
    expect(await below.create('/x', Buffer.from('1'))).toBe('/x');
    expect(await below.create('/s-', undefined, 'PERSISTENT_SEQUENTIAL')).toBe('/s-0000000001');
    await below.multi([{ op: 'set', path: '/x', data: Buffer.from('2'), version: 0 }]);
    expect((await session.get(`${root}/deep/x`))?.data.toString()).toBe('2');
    expect((await below.children('/'))?.names).toHaveLength(2);
    const paths: string[] = [];
    below.watchData('/x').subscribe(({ path }) => paths.push(path));
    using watched = dataTold(below, '/x');
    await eventually(() => watched.seen.length === 1);
    await below.set('/x', Buffer.from('3'));
    await eventually(() => watched.seen.length === 2);
    expect(watched.seen).toEqual(['2', '3']);
    expect(paths).toEqual(['/x', '/x']);
  });
});
