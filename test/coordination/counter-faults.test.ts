import { Counter } from '../../src/coordination/counter';
import { openSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { meddling } from '../support/meddling';
import { breakConnections, expectBroken } from '../support/random-faults';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { proxiedScene } from '../support/proxied-scene';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import type { Direction } from '../support/tcp-proxy';

const scene = proxiedScene({ sessionTimeoutMs: 1000 }, async ({ session }) => {
  await session.connected();
  await eventually(async () => (await receipts()).length === 0);
});
beforeEach(() => scene.other.ensurePath(scene.path));

const receipts = async () => (await scene.other.children(scene.path))?.names ?? [];
/** Far off, so that a count that never ends is told of. */
const atLast = () => ({ signal: AbortSignal.timeout(20_000) });
const text = async () => (await scene.other.get(scene.path))?.data.toString();

it('counts once through a kill of the server', async () => {
  await using session = openSession({
    connectString: scene.zookeeper.connectString,
    sessionTimeoutMs: 10_000,
  });
  const counter = new Counter(session, scene.path);
  await counter.add(1n);
  const adding = Array.from({ length: 20 }, () => counter.add(1n, atLast()));
  await adding[0];
  await scene.zookeeper.server.kill('SIGKILL');
  await scene.zookeeper.server.restart();
  await Promise.all(adding);
  await scene.other.connected();
  expect(await text()).toBe('21');
});

/** The client, cut off in these directions as soon as its first transaction is begun. */
const cutOff = (...directions: Direction[]) =>
  meddling(scene.session, (attempt) => {
    if (attempt === 1) scene.through.proxy.blackhole(...directions);
    return Promise.resolve();
  });

it.each([
  ['was carried out', ['toClient'], '1', 1n],
  ['never reached the server', ['toServer', 'toClient'], undefined, 11n],
] as const)(
  'counts a write that %s once, when the session expires before the reply has come',
  async (_, directions, carriedOut, resolved) => {
    await scene.other.set(scene.path, Buffer.from('0'));
    const adding = new Counter(cutOff(...directions), scene.path).add(1n, atLast());
    if (carriedOut !== undefined) await eventually(async () => (await text()) === carriedOut);
    await eventually(() => scene.through.names.includes('LOST'));
    await new Counter(scene.other, scene.path).add(10n);
    await scene.through.proxy.heal();
    expect(await adding).toBe(resolved);
    expect(await text()).toBe('11');
  },
);

it('rejects at once when it is given up in a silent partition, and leaves no receipt', async () => {
  for (const [sum, blocked] of [
    ['1', 'toClient'],
    ['2', 'toServer'],
  ] as const) {
    const giveUp = new AbortController();
    let asked = false;
    const client = meddling(scene.session, () => {
      scene.through.proxy.blackhole(blocked);
      asked = true;
      return Promise.resolve();
    });
    const adding = new Counter(client, scene.path).add(1n, { signal: giveUp.signal });
    await eventually(() => asked);
    if (blocked === 'toClient') await eventually(async () => (await receipts()).length === 1);
    giveUp.abort('enough');
    await expect(adding).rejects.toBe('enough');
    await scene.through.proxy.heal();
    // What was held back is carried out now; whether the receipt of that is left behind is seen afterwards.
    await eventually(async () => (await text()) === sum);
    await eventually(async () => (await receipts()).length === 0);
  }
  const deadline = AbortSignal.timeout(30);
  scene.through.proxy.blackhole();
  await expect(
    new Counter(scene.through.session, scene.path).value({ signal: deadline }),
  ).rejects.toMatchObject({
    name: 'TimeoutError',
  });
  await scene.through.proxy.heal();
});

it('given up at any moment leaves no receipt, and counts once or not at all', async () => {
  const counter = new Counter(scene.through.session, scene.path);
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
  await eventually(async () => (await receipts()).length === 0);
  const sum = Number(await text());
  expect(sum).toBeGreaterThanOrEqual(counted);
  expect(sum).toBeLessThanOrEqual(attempts);
});

it('ends with its session', async () => {
  const session = await connect(scene.zookeeper.connectString);
  await session[Symbol.asyncDispose]();
  await expect(new Counter(session, scene.path).add(1n)).rejects.toMatchObject({ code: 'CLOSED' });
});

it(`counts what it was told, no more and no less, whatever happens (seed ${TEST_SEED})`, async () => {
  const random = new SeededRandom(TEST_SEED);
  const opening = [1, 2, 3].map(() => openThroughProxy(scene.zookeeper, { sessionTimeoutMs: 1000 }));
  const clients = (await Promise.all(opening)) as [SessionThroughProxy, ...SessionThroughProxy[]];
  const stop = AbortSignal.timeout(5000);
  const breaking = breakConnections(clients, random, stop);
  const seen = new Set<bigint>();
  let counted = 0n;
  const counting = clients.map(async ({ session }) => {
    const counter = new Counter(session, scene.path);
    while (!stop.aborted) {
      seen.add(await counter.add(1n, atLast()));
      counted += 1n;
    }
  });
  await Promise.all(counting);
  expectBroken(clients, await breaking);
  expect(await text()).toBe(counted.toString());
  expect(seen.size).toBe(Number(counted));
  expect(counted).toBeGreaterThan(20n);
  await eventually(async () => (await receipts()).length === 0);
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
});
