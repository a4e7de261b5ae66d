import type { Freshness, ZooKeeperSession } from '../../src/streams/session';
import { parseAcl } from '../../src/acl';
import { eventually } from '../support/eventually';
import { ANN, BOB, connectAs } from '../support/identities';
import { openThroughProxy } from '../support/session-through-proxy';
import { watchingData } from '../support/server-watches';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
});

afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});

function follow(session: ZooKeeperSession, kind: 'data' | 'children', path: string): Freshness[] {
  const seen: Freshness[] = [];
  session.watchFreshness(kind, path).subscribe((freshness) => seen.push(freshness));
  return seen;
}

test.each(['data', 'children'] as const)(
  '%s that were read are fresh until the connection breaks, and again',
  async (kind) => {
    await using through = await openThroughProxy(zookeeper);
    const { session, proxy } = through;
    const before = Date.now();
    const seen = follow(session, kind, '/');
    await eventually(() => seen.at(-1)?.fresh === true);
    expect(seen).toEqual([{ fresh: false, staleSince: expect.any(Number) as number }, { fresh: true }]);
    expect(session.watchFigures).toEqual({ watched: 1, stale: 0, staleSince: undefined, missed: 0 });

    await proxy.refuse();
    await eventually(() => session.state.name === 'SUSPENDED');
    const [stale] = seen.slice(-1);
    expect(stale).toEqual({ fresh: false, staleSince: expect.any(Number) as number });
    const staleSince = stale?.fresh === false ? stale.staleSince : 0;
    expect(staleSince >= before && staleSince <= Date.now()).toBe(true);
    expect(session.watchFigures).toMatchObject({ watched: 1, stale: 1, staleSince });
    // Also for who comes late, and for who looks while it was never read.
    expect(follow(session, kind, '/')).toEqual([stale]);
    expect(follow(session, kind, '/other')).toEqual([
      { fresh: false, staleSince: expect.any(Number) as number },
    ]);
    expect(session.watchFigures).toMatchObject({ watched: 2, stale: 2, staleSince });

    await proxy.heal();
    await eventually(() => seen.at(-1)?.fresh === true);
    expect(seen).toHaveLength(4);
    await eventually(() => session.watchFigures.stale === 0);
  },
);

test('what may not be read is stale, says why, and is fresh when it may', async () => {
  await using ann = await connectAs(zookeeper, ANN, { acl: parseAcl('auth::cdrwa') });
  await using bob = await connectAs(zookeeper, BOB);
  await ann.create('/secret', Buffer.from('1'));
  const [data, names] = [follow(bob, 'data', '/secret'), follow(bob, 'children', '/secret')];
  for (const seen of [data, names]) {
    await eventually(() => seen.length > 1);
    expect(seen.at(-1)).toMatchObject({
      fresh: false,
      trouble: { code: 'NO_AUTH', message: expect.stringContaining('read (r) on /secret') as string },
    });
  }
  await ann.remove('/secret');
  await bob.create('/secret', Buffer.from('2'));
  await eventually(() => data.at(-1)?.fresh === true && names.at(-1)?.fresh === true, Boolean, 60_000);
});

test('a change that is read soon does not make it stale', async () => {
  await using through = await openThroughProxy(zookeeper);
  const { session } = through;
  await session.create('/changes');
  const seen = follow(session, 'data', '/changes');
  const told: string[] = [];
  session.watchData('/changes').subscribe(({ node }) => told.push(node?.data.toString() ?? ''));
  await eventually(() => seen.at(-1)?.fresh === true);
  for (const data of ['1', '2', '3']) await session.set('/changes', Buffer.from(data));
  await eventually(() => told.at(-1) === '3');
  expect(seen).toHaveLength(2);
});

test('looking at it shares the watch of those who follow it, and takes it along when it is the last', async () => {
  await using session = await connectAs(zookeeper, undefined);
  const following = session.watchData('/shared').subscribe();
  const looking = session.watchFreshness('data', '/shared').subscribe();
  await watchingData(zookeeper, 1);
  following.unsubscribe();
  expect(session.watchFigures.watched).toBe(1);
  looking.unsubscribe();
  await watchingData(zookeeper, 0);
});
