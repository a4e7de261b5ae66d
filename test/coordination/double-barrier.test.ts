import { enterBarrier } from '../../src/coordination/double-barrier';
import type { EnteredBarrier } from '../../src/coordination/entered-barrier';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect } from '../support/fleet';
import { connectAs } from '../support/identities';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { connectionLost, meddling } from '../support/meddling';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { watching } from '../support/server-watches';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let other: ZooKeeperSession;
let sessions: [ZooKeeperSession, ZooKeeperSession, ZooKeeperSession];
let through: SessionThroughProxy;
let directory: string;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  // They outlive a restart of the server, however slow: a participant whose session expires counts until it has.
  const patient = () => connectAs(zookeeper, undefined, { sessionTimeoutMs: 10_000 });
  other = await patient();
  sessions = (await Promise.all([1, 2, 3].map(patient))) as typeof sessions;
});
afterAll(async () => {
  await Promise.all([...sessions, other].map((session) => session[Symbol.asyncDispose]()));
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  directory = `/barriers/test-${++count}`;
  await Promise.all([...sessions, other].map((session) => session.connected()));
  through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 });
});
afterEach(async () => {
  await present(0);
  await watching(zookeeper, 0);
  await through[Symbol.asyncDispose]();
});

const names = async () => (await other.children(directory))?.names ?? [];
const present = (participants: number) => eventually(names, (seen) => seen.length === participants);
const leaveAll = (entered: readonly EnteredBarrier[]) => Promise.all(entered.map((place) => place.leave()));

describe('entering', () => {
  it('waits for all, and lets them pass as one round with a rank each', async () => {
    const passed: EnteredBarrier[] = [];
    const waits = sessions.slice(1).map(async (session) => {
      passed.push(await enterBarrier(session, directory, 3));
    });
    await present(2);
    await watching(zookeeper, 2);
    expect(passed).toEqual([]);
    const last = await enterBarrier(sessions[0], directory, 3);
    await Promise.all(waits);
    const all = [last, ...passed];
    expect(all.map(({ rank }) => rank).sort()).toEqual([0, 1, 2]);
    expect(last.rank).toBe(2);
    expect(all.map(({ size }) => size)).toEqual([3, 3, 3]);
    expect(new Set(all.map(({ round, openedAt }) => `${round} ${openedAt}`)).size).toBe(1);
    expect(Math.abs(last.openedAt - Date.now())).toBeLessThan(5000);
    await leaveAll(all);
  });

  it('lets each round pass alone when more come than fit', async () => {
    const inside = new Map<string, number>();
    const rounds = new Map<string, number>();
    const participate = async (session: ZooKeeperSession): Promise<void> => {
      for (let turn = 0; turn < 3; turn += 1) {
        const place = await enterBarrier(session, directory, 3);
        rounds.set(place.round, (rounds.get(place.round) ?? 0) + 1);
        inside.set(place.round, (inside.get(place.round) ?? 0) + 1);
        expect([...inside.keys()]).toEqual([place.round]);
        await eventually(() => rounds.get(place.round) === 3);
        inside.delete(place.round);
        await place.leave();
      }
    };
    // Six participants, three turns each: six rounds of three.
    await Promise.all([...sessions, ...sessions].map(participate));
    expect([...rounds.values()]).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('of one passes at once', async () => {
    const place = await enterBarrier(other, directory, 1, { data: Buffer.from('ann') });
    expect(place.rank).toBe(0);
    const [name] = await present(1);
    expect((await other.get(`${directory}/${name!}`))?.data.toString()).toBe('ann');
    await place.leave();
  });

  it('does not count who has died while it waited', async () => {
    const dying = await connect(zookeeper.connectString);
    const lost = enterBarrier(dying, directory, 2).catch((error: unknown) => error);
    await present(1);
    await dying[Symbol.asyncDispose]();
    expect(await lost).toMatchObject({ code: 'CLOSED' });
    const first = enterBarrier(sessions[0], directory, 2);
    await present(1);
    await watching(zookeeper, 1);
    await leaveAll(await Promise.all([first, enterBarrier(sessions[1], directory, 2)]));
  });

  it('does not open for one that dies at the moment of opening', async () => {
    const dying = await connect(zookeeper.connectString);
    enterBarrier(dying, directory, 2).catch(() => undefined);
    await present(1);
    // It has looked who is there: from now on it is up to the other to open.
    await watching(zookeeper, 1);
    let opening = 0;
    const session = meddling(sessions[0], async (attempt) => {
      opening = attempt;
      if (attempt === 1) await dying[Symbol.asyncDispose]();
    });
    const first = enterBarrier(session, directory, 2);
    await eventually(() => opening === 1);
    await watching(zookeeper, 1);
    await leaveAll(await Promise.all([first, enterBarrier(sessions[1], directory, 2)]));
  });

  it('finds out that it is open when the answer to the opening was lost', async () => {
    const first = enterBarrier(sessions[0], directory, 2);
    await present(1);
    const session = meddling(
      sessions[1],
      () => Promise.resolve(),
      () => {
        throw connectionLost(true);
      },
    );
    const all = await Promise.all([first, enterBarrier(session, directory, 2)]);
    expect(all.map(({ rank }) => rank)).toEqual([0, 1]);
    await leaveAll(all);
  });

  it('begins again when somebody removed the znodes', async () => {
    const first = enterBarrier(sessions[0], directory, 2);
    const [name] = await present(1);
    await other.remove(`${directory}/${name!}`);
    // It hears of it at the next opening, and takes part in the one after that.
    const round = await Promise.all(sessions.slice(1).map((session) => enterBarrier(session, directory, 2)));
    await present(3);
    await leaveAll(round);
    await leaveAll(await Promise.all([first, enterBarrier(other, directory, 2)]));
  });
});

describe('a wait to enter', () => {
  it('that is given up leaves nothing behind', async () => {
    const giveUp = new AbortController();
    const waiting = enterBarrier(other, directory, 2, { signal: giveUp.signal });
    await present(1);
    giveUp.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    await present(0);
    await watching(zookeeper, 0);
  });

  it('behind a round that is still going on is given up as well', async () => {
    const place = await enterBarrier(other, directory, 1);
    const waiting = enterBarrier(sessions[0], directory, 1, { signal: AbortSignal.timeout(50) });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    await present(1);
    await place.leave();
  });

  it('goes on when the session has expired', async () => {
    const waiting = enterBarrier(through.session, directory, 2);
    await present(1);
    await expireSession(through.proxy);
    const place = await enterBarrier(other, directory, 2);
    await leaveAll([place, await waiting]);
  });

  it('goes on when the server was killed', async () => {
    const waiting = sessions.map((session) => enterBarrier(session, directory, 4));
    await present(3);
    await zookeeper.server.kill('SIGKILL');
    await zookeeper.server.restart();
    await other.connected();
    const last = await enterBarrier(other, directory, 4);
    await leaveAll([last, ...(await Promise.all(waiting))]);
  });
});

describe('leaving', () => {
  const pass = () =>
    Promise.all([through.session, ...sessions].map((session) => enterBarrier(session, directory, 4)));

  it('waits for all others', async () => {
    const all = await pass();
    const left: number[] = [];
    const leaving = all.slice(1).map(async (place) => {
      await place.leave();
      left.push(place.rank);
    });
    // The lowest of those who leave stays to the end.
    await eventually(async () => (await names()).length <= 2);
    expect(left).toEqual([]);
    await all[0]!.leave();
    await Promise.all(leaving);
    expect(left).toHaveLength(3);
    await all[0]!.leave();
  });

  it.each([0, 3])('takes who has died for one that has left: that of rank %d', async (rank) => {
    const enter = (session: ZooKeeperSession) => enterBarrier(session, directory, 4);
    const before = sessions.slice(0, rank).map(enter);
    await present(rank);
    const dying = enter(through.session);
    if (rank < 3) await present(rank + 1);
    const others = [...before, ...sessions.slice(rank).map(enter)];
    const place = await dying;
    expect(place.rank).toBe(rank);
    const leaving = leaveAll(await Promise.all(others));
    await expireSession(through.proxy);
    await leaving;
    await eventually(() => place.lost.aborted);
    await place.leave();
  });

  it('that is given up has left all the same', async () => {
    const [first, ...others] = await pass();
    const giveUp = AbortSignal.timeout(50);
    for (const place of [first!, ...others.slice(1)])
      await expect(place.leave({ signal: giveUp })).rejects.toMatchObject({ name: 'TimeoutError' });
    await present(1);
    await others[0]!.leave();
  });

  it('by disposal does not wait', async () => {
    const all = await pass();
    for (const place of all) await place[Symbol.asyncDispose]();
    expect(await names()).toEqual([]);
  });

  it('goes on through a break of the connection', async () => {
    const all = await pass();
    const leaving = all[0]!.leave();
    through.proxy.cut();
    await leaveAll(all.slice(1));
    await leaving;
  });
});
