import { fourLetterWord } from '../../src/embedded/loopback-port';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { dataTold, namesTold } from '../support/told';
import { startTestZooKeeper, TEST_SESSION_TIMEOUT_MS, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
/** Another client, whose connection is never broken. */
let other: ZooKeeperSession;
let through: SessionThroughProxy;
let session: ZooKeeperSession;
let path: string;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  other = openSession({
    connectString: zookeeper.connectString,
    sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
  });
  await other.connected();
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  through = await openThroughProxy(zookeeper);
  session = through.session;
  path = `/test-${++count}`;
});
afterEach(async () => {
  await through[Symbol.asyncDispose]();
});

/** Watches that the server holds for all its clients. */
async function watchesOnServer(): Promise<number> {
  const answer = await fourLetterWord(zookeeper.server.port, 'mntr', 2000);
  return Number(/zk_watch_count\s+(\d+)/.exec(answer)?.[1]);
}

/** Away from the server while `change` goes on, and back. */
async function away(change: () => Promise<unknown>): Promise<void> {
  await through.proxy.refuse();
  await eventually(() => session.state.name === 'SUSPENDED');
  await change();
  await through.proxy.heal();
  await session.connected();
}

describe('after a broken connection', () => {
  it('tells what changed meanwhile, once', async () => {
    await other.create(path, Buffer.from('1'));
    const [first, second] = [dataTold(session, path), namesTold(session, path)];
    await eventually(() => first.seen.length === 1 && second.seen.length === 1);
    await away(async () => {
      await other.set(path, Buffer.from('2'));
      await other.set(path, Buffer.from('3'));
      await other.create(`${path}/a`);
    });
    await eventually(() => first.seen.length === 2 && second.seen.length === 2);
    await other.set(path, Buffer.from('4'));
    await eventually(() => first.seen.length === 3);
    expect([first.seen, second.seen]).toEqual([
      ['1', '3', '4'],
      ['', 'a'],
    ]);
  });

  it('tells a node that was removed and created again, and says nothing of one that came and went', async () => {
    await other.create(path, Buffer.from('same'));
    const recreated = dataTold(session, path);
    const ghost = dataTold(session, `${path}-ghost`);
    const still = dataTold(session, '/zookeeper');
    await eventually(() => [recreated, ghost, still].every(({ seen }) => seen.length === 1));
    await away(async () => {
      await other.remove(path);
      await other.create(path, Buffer.from('same'));
      await other.create(`${path}-ghost`);
      await other.remove(`${path}-ghost`);
    });
    await eventually(() => recreated.seen.length === 2);
    await other.create(`${path}-ghost`, Buffer.from('now'));
    await eventually(() => ghost.seen.length === 2);
    expect([recreated.seen, ghost.seen, still.seen]).toEqual([['same', 'same'], [undefined, 'now'], ['']]);
  });

  it('gives late subscribers what was known last, while it is away', async () => {
    await other.create(path, Buffer.from('1'));
    const first = dataTold(session, path);
    await eventually(() => first.seen.length === 1);
    const neverRead: unknown[] = [];
    await away(() => {
      expect(dataTold(session, path).seen).toEqual(['1']);
      session.watchData(`${path}/none`).subscribe(({ node }) => neverRead.push(node));
      expect(neverRead).toEqual([]);
      return Promise.resolve();
    });
    await eventually(() => neverRead.length === 1);
  });

  it('follows on in a new session', async () => {
    await other.create(path, Buffer.from('1'));
    const [first, second] = [dataTold(session, path), namesTold(session, path)];
    await eventually(() => first.seen.length === 1 && second.seen.length === 1);
    await expireSession(through.proxy);
    await eventually(() => through.names.includes('LOST') && session.state.name === 'CONNECTED');
    await other.set(path, Buffer.from('2'));
    await other.create(`${path}/a`);
    await eventually(() => first.seen.length === 2 && second.seen.length === 2);
    expect([first.seen, second.seen]).toEqual([
      ['1', '2'],
      ['', 'a'],
    ]);
  });

  it('reads 3,000 nodes again, and the connection holds', async () => {
    // A timeout that a busy machine keeps: what is looked for is a reread that breaks the connection by itself.
    await using patient = await openThroughProxy(zookeeper, { sessionTimeoutMs: 10_000 });
    const { session, proxy } = patient;
    const before = await watchesOnServer();
    const paths = Array.from({ length: 3000 }, (_, index) => `${path}-${index}`);
    const told = new Map<string, number>();
    for (const one of paths) {
      session.watchData(one).subscribe(({ node }) => told.set(one, (node?.data.length ?? 0) + 1));
    }
    await eventually(() => told.size === paths.length);
    proxy.cut();
    await eventually(() => session.state.name === 'SUSPENDED');
    await session.connected();
    await eventually(watchesOnServer, (watches) => watches === before + paths.length);
    await other.create(paths[2999]!, Buffer.from('now'));
    await eventually(() => told.get(paths[2999]!) === 4);
    expect(patient.names).toEqual(['CONNECTING', 'CONNECTED', 'SUSPENDED', 'CONNECTED']);
  });
});
