import type { ZooKeeperSession } from '../../src/streams/session';
import { ContendedLock } from '../support/contended-lock';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { breakConnections, expectBroken } from '../support/random-faults';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { watchingData } from '../support/server-watches';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const LOCK = '/contended';
const LOG = '/log';
const WORKERS = 4;
const RUN_MS = 7000;
const SESSION_TIMEOUT_MS = 1000;

let zookeeper: ZooKeeperPlace;
let other: ZooKeeperSession;
let clients: [SessionThroughProxy, ...SessionThroughProxy[]];
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  other = await connect(zookeeper.connectString);
  await other.ensurePath(LOG);
  const opening = Array.from({ length: WORKERS }, () =>
    openThroughProxy(zookeeper, { sessionTimeoutMs: SESSION_TIMEOUT_MS }),
  );
  clients = (await Promise.all(opening)) as typeof clients;
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  await other[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

it(`is never held by two at once, whatever happens to the connections (seed ${TEST_SEED})`, async () => {
  const random = new SeededRandom(TEST_SEED);
  const lock = new ContendedLock(LOCK, LOG);
  const stop = AbortSignal.timeout(RUN_MS);

  const faults = breakConnections(clients, random, stop);
  await Promise.all(
    clients.map(({ session }, i) => lock.contend(`worker ${i}`, session, { random, stop, workMs: 10 })),
  );
  const broken = await faults;

  expect(await lock.complaints(other)).toEqual([]);
  expect(lock.tokens.length).toBeGreaterThan(5);
  expect(new Set((await lock.entries(other)).map(({ token }) => token)).size).toBeGreaterThan(5);
  expectBroken(clients, broken);

  await eventually(async () => (await other.children(LOCK))?.names.length === 0);
  await watchingData(zookeeper, 0);
});
