import { parseAcl } from '../../src/acl';
import type { ZooKeeperSession } from '../../src/streams/session';
import { ANN, BOB, connectAs, digestId } from '../support/identities';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let ann: ZooKeeperSession;
let bob: ZooKeeperSession;
let nobody: ZooKeeperSession;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  [ann, bob, nobody] = await Promise.all([
    connectAs(zookeeper, ANN),
    connectAs(zookeeper, BOB),
    connectAs(zookeeper, undefined),
  ]);
});

afterAll(async () => {
  for (const session of [ann, bob, nobody]) await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

const DATA = Buffer.from('x');

test('what an identity creates is its own, and everybody may read it', async () => {
  await ann.ensurePath('/own/deep');
  await ann.create('/own/deep/e', DATA, 'EPHEMERAL');
  await ann.multi([{ op: 'create', path: '/own/deep/m', data: DATA }]);
  await ann.set('/own/deep/m', DATA);
  for (const other of [bob, nobody]) {
    for (const path of ['/own', '/own/deep', '/own/deep/e', '/own/deep/m']) {
      await expect(other.get(path)).resolves.toBeDefined();
      await expect(other.children(path)).resolves.toBeDefined();
      await expect(other.set(path, DATA)).rejects.toMatchObject({ code: 'NO_AUTH', outcome: { path } });
    }
  }
});

test('without an identity what is created is open', async () => {
  await nobody.ensurePath('/open');
  await bob.set('/open', DATA);
  await ann.create('/open/a');
  await expect(bob.remove('/open/a')).resolves.toBeUndefined();
});

test('a refusal names the znode and the right, in a transaction too', async () => {
  await ann.ensurePath('/refused/child');
  const open = 'world:anyone:cdwa';
  await using secretive = await connectAs(zookeeper, ANN, { acl: parseAcl(open) });
  await secretive.create('/unread');
  const refusals: [() => Promise<unknown>, string, string][] = [
    [() => bob.create('/refused/new'), '/refused/new', 'create children (c) on /refused'],
    [
      () => bob.create('/refused/s-', DATA, 'EPHEMERAL_SEQUENTIAL'),
      '/refused/s-',
      'create children (c) on /refused',
    ],
    [() => bob.ensurePath('/refused/new/below'), '/refused/new', 'create children (c) on /refused'],
    [() => bob.remove('/refused/child'), '/refused/child', 'delete children (d) on /refused'],
    [() => bob.set('/refused', DATA), '/refused', 'write (w) on /refused'],
    [() => bob.get('/unread'), '/unread', 'read (r) on /unread'],
    [() => bob.children('/unread'), '/unread', 'read (r) on /unread'],
    [() => bob.multi([{ op: 'check', path: '/unread', version: 0 }]), '/unread', 'read (r) on /unread'],
    [
      () =>
        bob.multi([
          { op: 'check', path: '/refused', version: 0 },
          { op: 'set', path: '/refused', data: DATA },
        ]),
      '/refused',
      'write (w) on /refused',
    ],
    [
      () => bob.multi([{ op: 'create', path: '/refused/n', data: DATA }]),
      '/refused/n',
      'create children (c) on /refused',
    ],
    [
      () => bob.multi([{ op: 'remove', path: '/refused/child' }]),
      '/refused/child',
      'delete children (d) on /refused',
    ],
  ];
  for (const [attempt, path, right] of refusals) {
    await expect(attempt()).rejects.toMatchObject({
      code: 'NO_AUTH',
      message: expect.stringContaining(
        `not allowed: that takes the right to ${right} (ZooKeeper code -102)`,
      ) as string,
      outcome: { path, mayHaveHappened: false, retryable: false },
    });
  }
});

test('a path that is there is ensured by whoever may not create it', async () => {
  await ann.ensurePath('/there/deep');
  await expect(bob.ensurePath('/there/deep')).resolves.toBeUndefined();
  await using below = await connectAs(zookeeper, BOB, {
    connectString: `${zookeeper.connectString}/there/deep`,
  });
  await expect(below.ensurePath('/')).resolves.toBeUndefined();
  await expect(below.ensurePath('/new')).rejects.toMatchObject({
    code: 'NO_AUTH',
    message: expect.stringContaining('(c) on /there/deep') as string,
  });
});

test('an access list of one’s own holds for everything that is created', async () => {
  const acl = parseAcl(`digest:${digestId(ANN)}:cdrwa,digest:${digestId(BOB)}:rw`);
  await using session = await connectAs(zookeeper, ANN, { acl });
  await session.ensurePath('/shared/a');
  await session.multi([{ op: 'create', path: '/shared/a/b', data: DATA }]);
  for (const path of ['/shared', '/shared/a', '/shared/a/b']) {
    await bob.set(path, DATA);
    await expect(nobody.get(path)).rejects.toMatchObject({ code: 'NO_AUTH' });
  }
  await expect(bob.create('/shared/a/c')).rejects.toMatchObject({ code: 'NO_AUTH' });
});

test('an access list that speaks of an identity that is not there is not valid', async () => {
  await using session = await connectAs(zookeeper, undefined, { acl: parseAcl('auth::cdrwa') });
  await expect(session.create('/never')).rejects.toMatchObject({
    code: 'INVALID_ACL',
    message: expect.stringContaining('"auth" without an identity') as string,
  });
});
