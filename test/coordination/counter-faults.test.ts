import { Counter } from '../../src/coordination/counter';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { breakConnections } from '../support/random-faults';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let other: ZooKeeperSession;
let through: SessionThroughProxy;
let path: string;
beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  other = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
let tests = 0;
beforeEach(async () => {
  path = `/counters/fault-${++tests}`;
  await other.connected();
  await other.ensurePath(path);
  through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 });
});
afterEach(async () => {
  await through.session.connected();
  await eventually(async () => ((await other.children(path))?.names ?? []).length === 0);
  await through[Symbol.asyncDispose]();
});

const text = async () => (await other.get(path))?.data.toString();

it('counts once through a kill of the server', async () => {
  await using session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  const counter = new Counter(session, path);
  await counter.add(1n);
  const adding = Array.from({ length: 20 }, () => counter.add(1n));
  await adding[0];
  await zookeeper.server.kill('SIGKILL');
  await zookeeper.server.restart();
  await Promise.all(adding);
  await other.connected();
  expect(await text()).toBe('21');
});

it('counts once when the session expires before the reply has come, in the next session', async () => {
  const adding = new Counter(through.session, path).add(1n);
  // Once the request is under way, nothing comes back.
  through.proxy.blackhole('toClient');
  await eventually(() => through.names.includes('LOST'));
  await new Counter(other, path).add(10n);
  await through.proxy.heal();
  const counted = await adding;
  expect(['1', '11']).toContain(counted.toString());
  expect(await text()).toBe('11');
});

it('rejects at once when it is given up in a silent partition, and leaves no receipt', async () => {
  for (const blocked of ['toClient', 'toServer'] as const) {
    const giveUp = new AbortController();
    const adding = new Counter(through.session, path).add(1n, { signal: giveUp.signal });
    through.proxy.blackhole(blocked);
    giveUp.abort('enough');
    await expect(adding).rejects.toBe('enough');
    await through.proxy.heal();
  }
  const deadline = AbortSignal.timeout(30);
  through.proxy.blackhole();
  await expect(new Counter(through.session, path).value({ signal: deadline })).rejects.toMatchObject({
    name: 'TimeoutError',
  });
  await through.proxy.heal();
});

it('given up at any moment leaves no receipt, and counts once or not at all', async () => {
  const counter = new Counter(through.session, path);
  let counted = 0;
  let attempts = 0;
  for (let turns = 0; turns < 40; turns += 1) {
    const giveUp = new AbortController();
    const adding = counter.add(1n, { signal: giveUp.signal });
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    giveUp.abort('given up');
    attempts += 1;
    await adding.then(
      () => (counted += 1),
      (error: unknown) => {
        expect(error).toBe('given up');
      },
    );
  }
  await eventually(async () => ((await other.children(path))?.names ?? []).length === 0);
  const sum = Number(await text());
  expect(sum).toBeGreaterThanOrEqual(counted);
  expect(sum).toBeLessThanOrEqual(attempts);
});

it('ends with its session', async () => {
  const session = await connect(zookeeper.connectString);
  await session[Symbol.asyncDispose]();
  await expect(new Counter(session, path).add(1n)).rejects.toMatchObject({ code: 'CLOSED' });
});

it(`counts what it was told, no more and no less, whatever happens (seed ${TEST_SEED})`, async () => {
  const random = new SeededRandom(TEST_SEED);
  const opening = [1, 2, 3].map(() => openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 }));
  const clients = (await Promise.all(opening)) as [SessionThroughProxy, ...SessionThroughProxy[]];
  const stop = AbortSignal.timeout(5000);
  const breaking = breakConnections(clients, random, stop);
  const seen = new Set<bigint>();
  let counted = 0n;
  const counting = clients.map(async ({ session }) => {
    const counter = new Counter(session, path);
    while (!stop.aborted) {
      seen.add(await counter.add(1n));
      counted += 1n;
    }
  });
  await breaking;
  await Promise.all(counting);
  expect(await text()).toBe(counted.toString());
  expect(seen.size).toBe(Number(counted));
  expect(counted).toBeGreaterThan(20n);
  await eventually(async () => ((await other.children(path))?.names ?? []).length === 0);
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
});
