import { setTimeout as sleep } from 'node:timers/promises';
import { openSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { openThroughProxy } from '../support/session-through-proxy';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

/** Long, so that what a busy machine adds is little of it: the server gives up at the whole of it, the client before. */
const TIMEOUT_MS = 6000;
/** Room for a busy machine. */
const SLACK_MS = 1500;
/** Each watch notifies once; together they last for longer than the session. */
const NODES = 150;
const BETWEEN_NOTIFICATIONS_MS = 70;

let zookeeper: ZooKeeperPlace;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
});
afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});

it('a client that is not heard is suspended and lost in time, though notifications reach it all the while', async () => {
  await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: TIMEOUT_MS });
  await using other = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await other.connected();
  const { session, proxy, states } = through;
  const paths = Array.from({ length: NODES }, (_, i) => `/unheard-${i}`);
  await Promise.all(paths.map((path) => other.create(path)));
  let told = 0;
  for (const path of paths) session.watchData(path).subscribe(() => (told += 1));
  await eventually(() => told === NODES);
  await session.get('/');
  const heardAt = performance.now();
  proxy.blackhole('toServer');
  const reachedAt = (name: string) => states.find(({ state }) => state.name === name)?.at;
  for (const path of paths) {
    if (reachedAt('SUSPENDED') !== undefined || performance.now() - heardAt > TIMEOUT_MS * 1.6) break;
    await other.set(path, Buffer.from('x'));
    await sleep(BETWEEN_NOTIFICATIONS_MS);
  }
  proxy.blackhole();
  const lostAt = await eventually(() => reachedAt('LOST'));
  const suspendedMs = reachedAt('SUSPENDED')! - heardAt;
  expect(suspendedMs).toBeGreaterThan((TIMEOUT_MS * 2) / 3 - 100);
  expect(suspendedMs).toBeLessThan((TIMEOUT_MS * 2) / 3 + SLACK_MS);
  expect(lostAt! - heardAt).toBeGreaterThan(TIMEOUT_MS - 100);
  expect(lostAt! - heardAt).toBeLessThan(TIMEOUT_MS + SLACK_MS);
});
