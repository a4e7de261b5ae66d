import { fourLetterWord } from '../../src/embedded/loopback-port';
import { eventually } from '../support/eventually';
import { openThroughProxy } from '../support/session-through-proxy';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const PATHS = Array.from({ length: 10_000 }, (_, index) => `/many/${index}`);

let zookeeper: TestZooKeeper;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
});

afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});

/** Watches that the server holds, those of every client and path. */
async function watches(): Promise<number> {
  const answer = await fourLetterWord(zookeeper.server.port, 'wchs', 5000);
  return Number(/Total watches:(\d+)/.exec(answer)?.[1]);
}

test('10,000 watched paths are read again after a break by one connection, which holds', async () => {
  await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 10_000 });
  const { session, proxy } = through;
  const told = new Map<string, string | undefined>();
  const subscriptions = PATHS.map((path) =>
    session.watchData(path).subscribe(({ node }) => told.set(path, node?.data.toString())),
  );
  await session.ensurePath('/many');
  await eventually(() => told.size === PATHS.length, Boolean, 60_000);
  await eventually(watches, (count) => count === PATHS.length);
  const before = session.state;

  proxy.cut();
  await eventually(() => session.state.name !== 'CONNECTED');
  expect(session.watchFigures).toMatchObject({ watched: PATHS.length, stale: PATHS.length });
  await session.connected();
  const changed = PATHS.filter((_, index) => index % 3000 === 0);
  await Promise.all(changed.map((path) => session.create(path, Buffer.from('new'))));
  await eventually(() => session.watchFigures.stale === 0, Boolean, 60_000);
  await eventually(() => changed.every((path) => told.get(path) === 'new'));
  expect(session.state).toEqual(before);
  expect(proxy.accepted).toBe(2);
  expect(await watches()).toBe(PATHS.length);

  for (const subscription of subscriptions) subscription.unsubscribe();
  await eventually(watches, (count) => count === 0, 60_000);
  expect(session.watchFigures).toMatchObject({ watched: 0, stale: 0 });
}, 240_000);

test('1,000 subscribers of a path are one watch, also after a break, and none when they have gone', async () => {
  await using through = await openThroughProxy(zookeeper);
  const { session, proxy } = through;
  await session.create('/one', Buffer.from('1'));
  const told: string[] = [];
  const subscriptions = Array.from({ length: 1000 }, () =>
    session.watchData('/one').subscribe(({ node }) => told.push(node?.data.toString() ?? '')),
  );
  await eventually(() => told.length === 1000);
  expect(await watches()).toBe(1);
  await session.set('/one', Buffer.from('2'));
  await eventually(() => told.length === 2000);
  proxy.cut();
  await eventually(() => session.state.name !== 'CONNECTED');
  await eventually(() => session.watchFigures.stale === 0);
  expect(await watches()).toBe(1);
  expect(told.slice(1000).every((data) => data === '2')).toBe(true);
  for (const subscription of subscriptions.slice(1)) subscription.unsubscribe();
  expect(await watches()).toBe(1);
  subscriptions[0]?.unsubscribe();
  await eventually(watches, (count) => count === 0);
  expect(told).toHaveLength(2000);
});
