import { startClock, type EnsembleClock } from '../../src/coordination/clock';
import { ZooKeeperError } from '../../src/errors';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { replacing } from '../support/meddling';
import { openThroughProxy } from '../support/session-through-proxy';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const PATH = '/time/here';
const HOUR_MS = 3_600_000;

let zookeeper: TestZooKeeper;
let session: ZooKeeperSession;
beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  session = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
beforeEach(() => session.connected());

/** The server runs on this host, and so by its wall clock, which shows whole milliseconds. */
function expectRight(clock: EnsembleClock, aheadMs = 0): void {
  const before = Date.now() + aheadMs;
  const { time, errorBound } = clock.now();
  const after = Date.now() + aheadMs;
  expect(time).toBeGreaterThan(before - errorBound - 2);
  expect(time).toBeLessThan(after + errorBound + 2);
}

/** The session with an ensemble whose leader, in its term of that number, has a clock that is so far ahead. */
function ledBy(leader: { aheadMs: number; term: number; writes: number }): ZooKeeperSession {
  return replacing(session, 'set', async (...args) => {
    leader.writes += 1;
    const stat = await session.set(...args);
    const mzxid = leader.term.toString(16).padStart(8, '0') + stat.mzxid.slice(8);
    return { ...stat, mtime: stat.mtime + leader.aheadMs, mzxid };
  });
}
const anHourAhead = () => ({ aheadMs: HOUR_MS, term: 1, writes: 0 });

describe('the clock', () => {
  it("shows the ensemble's time within a bound of milliseconds, wherever it is followed", async () => {
    await using other = await connect(zookeeper.connectString);
    using here = await startClock(session, PATH);
    using there = await startClock(other, PATH);
    for (const clock of [here, there]) expectRight(clock);
    const [before, between, after] = [here.now(), there.now(), here.now()];
    const bound = after.errorBound + between.errorBound;
    expect(between.time).toBeGreaterThan(before.time - bound);
    expect(between.time).toBeLessThan(after.time + bound);
    expect(bound).toBeLessThan(100);
    expect(await session.children(PATH)).toMatchObject({ names: [] });
  });

  it("is the leader's, whatever the local wall clock says", async () => {
    using clock = await startClock(ledBy(anHourAhead()), PATH);
    expectRight(clock, HOUR_MS);
  });

  it('counts the former leader for nothing as soon as there is another one', async () => {
    const leader = anHourAhead();
    const led = ledBy(leader);
    using clock = await startClock(led, PATH, { everyMs: 20 });
    leader.term = 2;
    leader.aheadMs = -HOUR_MS;
    await eventually(() => clock.now().time < Date.now());
    expectRight(clock, -HOUR_MS);
  });

  it('has no bound between hearing of a new leader and asking it, and asks at once', async () => {
    const leader = anHourAhead();
    let lastZxid = '0000000100000001';
    const led = new Proxy(ledBy(leader), {
      get: (target, name) => (name === 'lastZxid' ? lastZxid : (Reflect.get(target, name) as unknown)),
    });
    using clock = await startClock(led, PATH);
    expectRight(clock, HOUR_MS);
    lastZxid = '0000000200000000';
    leader.term = 2;
    expect(clock.now().errorBound).toBe(Infinity);
    await eventually(() => clock.now().errorBound < Infinity);
    expectRight(clock, HOUR_MS);
  });

  it('follows a clock that was set', async () => {
    const leader = anHourAhead();
    using clock = await startClock(ledBy(leader), PATH, { everyMs: 20 });
    leader.aheadMs = 0;
    await eventually(() => Math.abs(clock.now().time - Date.now()) < 1000);
    expectRight(clock);
  });

  it('goes on while the connection is broken, ever less sure, and asks when it is back', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 });
    using clock = await startClock(through.session, PATH, { driftPpm: 100_000 });
    await through.proxy.refuse();
    const before = clock.now();
    await eventually(() => through.names.includes('LOST'));
    const after = clock.now();
    expect(after.errorBound).toBeGreaterThan(before.errorBound);
    expectRight(clock);
    await through.proxy.heal();
    await eventually(() => clock.now().errorBound < after.errorBound);
    expectRight(clock);
  });

  it('survives a kill of the server, and the removal of its znode', async () => {
    using clock = await startClock(session, PATH, { everyMs: 20 });
    await zookeeper.server.kill('SIGKILL');
    await zookeeper.server.restart();
    await session.connected();
    await session.remove(PATH);
    await eventually(() => session.exists(PATH));
    expectRight(clock);
  });

  it('starts only when the server lets it, and goes on when it does not later', async () => {
    const refused = new ZooKeeperError('NO_AUTH', 'refused', { mayHaveHappened: false, retryable: false });
    let refusals = Infinity;
    const refusing = replacing(session, 'set', (...args) => {
      refusals -= 1;
      return refusals >= 0 ? Promise.reject(refused) : session.set(...args);
    });
    await expect(startClock(refusing, PATH)).rejects.toBe(refused);
    refusals = 0;
    using clock = await startClock(refusing, PATH, { everyMs: 10, driftPpm: 100_000 });
    refusals = 1;
    await eventually(() => refusals < 0);
    expectRight(clock);
  });
});

describe('waiting for a time', () => {
  it('ends at that time for all, within their bounds', async () => {
    await using other = await connect(zookeeper.connectString);
    using here = await startClock(session, PATH);
    using there = await startClock(other, PATH);
    const together = here.now().time + 300;
    const started = await Promise.all([here, there].map((clock) => clock.until(together)));
    for (const { time } of started) {
      expect(time).toBeGreaterThanOrEqual(together);
      // A busy machine wakes late.
      expect(time - together).toBeLessThan(5000);
    }
  });

  it('for one that has passed ends at once', async () => {
    using clock = await startClock(session, PATH);
    await clock.until(Date.now() - HOUR_MS);
  });

  it('waits until it is sure enough', async () => {
    const leader = anHourAhead();
    let lastZxid = '0000000200000000';
    const led = new Proxy(ledBy(leader), {
      get: (target, name) => (name === 'lastZxid' ? lastZxid : (Reflect.get(target, name) as unknown)),
    });
    using clock = await startClock(led, PATH);
    // A leader that was heard of and never answers.
    await expect(clock.until(0, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const waiting = clock.until(0, { maxErrorMs: 100 });
    lastZxid = '0000000100000000';
    expect((await waiting).errorBound).toBeLessThan(100);
  });

  it('never asks in a storm, however sure it would have to be', async () => {
    const leader = anHourAhead();
    using clock = await startClock(ledBy(leader), PATH, { samples: 2 });
    const startedAt = performance.now();
    const signal = AbortSignal.timeout(800);
    await expect(clock.until(0, { maxErrorMs: 1e-9, signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(leader.writes).toBeGreaterThan(2);
    // Two at the start, two at once, and two each half of a second.
    const halves = Math.ceil((performance.now() - startedAt) / 500);
    expect(leader.writes).toBeLessThanOrEqual(2 + 2 + 2 * halves);
  });

  it('is given up when it cannot be as sure as it would have to be, since the server refuses', async () => {
    const refused = new ZooKeeperError('NO_AUTH', 'refused', { mayHaveHappened: false, retryable: false });
    let refuse = false;
    const refusing = replacing(session, 'set', (...args) =>
      refuse ? Promise.reject(refused) : session.set(...args),
    );
    using clock = await startClock(refusing, PATH);
    refuse = true;
    const soon = clock.until(clock.now().time + 2000);
    await expect(clock.until(0, { maxErrorMs: 1e-9 })).rejects.toBe(refused);
    // Who is sure enough needs no server.
    await soon;
  });

  it('can be given up, and is, with the clock and with its session', async () => {
    const own = await connect(zookeeper.connectString);
    using clock = await startClock(own, PATH);
    const never = Date.now() + HOUR_MS;
    const giveUp = new AbortController();
    const waiting = clock.until(never, { signal: giveUp.signal });
    giveUp.abort('enough');
    await expect(waiting).rejects.toBe('enough');

    const other = await startClock(session, PATH);
    const disposed = expect(other.until(never)).rejects.toMatchObject({ code: 'CLOSED' });
    other[Symbol.dispose]();
    await disposed;

    const closed = expect(clock.until(never)).rejects.toMatchObject({ code: 'CLOSED' });
    await own[Symbol.asyncDispose]();
    await closed;
  });
});

it('a start that is given up writes no more', async () => {
  await using through = await openThroughProxy(zookeeper);
  through.proxy.blackhole();
  const starting = startClock(through.session, PATH, { signal: AbortSignal.timeout(30) });
  await expect(starting).rejects.toMatchObject({ name: 'TimeoutError' });
  await through.proxy.heal();
});
