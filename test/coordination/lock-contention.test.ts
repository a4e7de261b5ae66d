import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldLock } from '../../src/coordination/held-lock';
import { acquireLock } from '../../src/coordination/lock';
import { CoordinationError, ZooKeeperError } from '../../src/errors';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { breakConnections } from '../support/random-faults';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { TELLS_WATCHES, watching } from '../support/watched-paths';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const LOCK = '/contended';
const LOG = '/log';
const WORKERS = 4;
const RUN_MS = 7000;
const SESSION_TIMEOUT_MS = 1000;

let zookeeper: TestZooKeeper;
let other: ZooKeeperSession;
let clients: [SessionThroughProxy, ...SessionThroughProxy[]];
beforeAll(async () => {
  zookeeper = await startTestZooKeeper(TELLS_WATCHES);
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

/** What guards itself by tokens: it takes none that is lower than the highest it has seen. */
class FencedFile {
  readonly lines: string[] = [];
  refused = 0;
  #highest = '';

  append(token: string): void {
    if (token < this.#highest) this.refused += 1;
    else {
      this.#highest = token;
      this.lines.push(token);
    }
  }
}

/** Who believes to hold the lock, from what it is told. */
class Beliefs {
  readonly violations: string[] = [];
  readonly #believers = new Set<string>();

  follow(worker: string, lock: HeldLock): void {
    lock.state$.subscribe((state) => {
      if (state === 'HELD') this.#believers.add(worker);
      else this.#believers.delete(worker);
      if (this.#believers.size > 1) this.violations.push([...this.#believers].join(' and '));
    });
  }
}

it(`is never held by two at once, whatever happens to the connections (seed ${TEST_SEED})`, async () => {
  const random = new SeededRandom(TEST_SEED);
  const file = new FencedFile();
  const beliefs = new Beliefs();
  const stop = AbortSignal.timeout(RUN_MS);
  let acquired = 0;

  const work = async (worker: string, session: ZooKeeperSession): Promise<void> => {
    while (!stop.aborted) {
      const patience = AbortSignal.timeout(random.between(20, 3000));
      const signal = AbortSignal.any([stop, patience]);
      const lock = await acquireLock(session, LOCK, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return undefined;
      });
      if (lock === undefined) continue;
      acquired += 1;
      beliefs.follow(worker, lock);
      for (let entries = random.between(1, 4); entries > 0; entries -= 1) {
        await sleep(random.between(0, 10));
        // It goes on writing while it is in doubt, as a holder that was not told in time would.
        file.append(lock.token);
        await record(lock, worker);
      }
      const released = lock.release();
      if (random.next() < 0.5) await released;
    }
  };

  const faults = breakConnections(clients, random, stop);
  await Promise.all(clients.map(({ session }, index) => work(`worker ${index}`, session)));
  const broken = await faults;

  expect(beliefs.violations).toEqual([]);
  const entries = await readLog();
  const tokens = entries.map(({ token }) => token);
  // The order of the log is the order in which ZooKeeper took the writes.
  expect(tokens).toEqual([...tokens].sort());
  const writers = new Map<string, Set<string>>();
  for (const { token, worker } of entries) writers.set(token, (writers.get(token) ?? new Set()).add(worker));
  expect([...writers.values()].filter(({ size }) => size > 1)).toEqual([]);
  expect(file.lines).toEqual([...file.lines].sort());
  expect(acquired).toBeGreaterThan(5);
  expect(writers.size).toBeGreaterThan(5);
  expect(Object.keys(broken).length).toBeGreaterThan(1);

  await eventually(async () => (await other.children(LOCK))?.names.length === 0);
  await watching(zookeeper, 0);
});

/** A line in the log, by a transaction that takes effect only while the lock is held. */
async function record(lock: HeldLock, worker: string): Promise<void> {
  const data = Buffer.from(JSON.stringify({ token: lock.token, worker }));
  try {
    await lock.commit([{ op: 'create', path: `${LOG}/entry-`, data, mode: 'PERSISTENT_SEQUENTIAL' }]);
  } catch (error) {
    const lost = error instanceof CoordinationError && error.code === 'NOT_HELD';
    const broken = error instanceof ZooKeeperError && error.outcome.retryable;
    if (!lost && !broken) throw error;
  }
}

async function readLog(): Promise<{ token: string; worker: string }[]> {
  const names = [...((await other.children(LOG))?.names ?? [])].sort();
  const nodes = await Promise.all(names.map((name) => other.get(`${LOG}/${name}`)));
  return nodes.map((node) => JSON.parse(node!.data.toString()) as { token: string; worker: string });
}
