import { enterBarrier } from '../../src/coordination/double-barrier';
import type { EnteredBarrier } from '../../src/coordination/entered-barrier';
import type { HeldLock } from '../../src/coordination/held-lock';
import { startCandidacy, type Candidacy } from '../../src/coordination/leader-election';
import { joinGroup } from '../../src/coordination/membership';
import { persistently } from '../../src/coordination/persistently';
import { watchMembers } from '../../src/coordination/watch-members';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

/** The session timeouts of those who are cut off, and of the others, which must not expire on a busy machine. */
const TIMEOUT_MS = 2000;
const LONG_TIMEOUT_MS = 10_000;

let zookeeper: ZooKeeperPlace;
/** Whom nobody cuts off. */
let others: [ZooKeeperSession, ZooKeeperSession, ZooKeeperSession];
/** Each with a network of its own. */
let cuttable: [SessionThroughProxy, SessionThroughProxy, SessionThroughProxy];
let directory: string;
/** What happened, in order, on both sides of the partition: all of them live in this process. */
let events: string[];

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
});
afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  directory = `/partitions-${++count}`;
  events = [];
  const three = [1, 2, 3];
  const { connectString } = zookeeper;
  others = three.map(() =>
    openSession({ connectString, sessionTimeoutMs: LONG_TIMEOUT_MS }),
  ) as typeof others;
  await Promise.all(others.map((session) => session.connected()));
  cuttable = (await Promise.all(
    three.map(() => openThroughProxy(zookeeper, { sessionTimeoutMs: TIMEOUT_MS })),
  )) as typeof cuttable;
});
afterEach(async () => {
  const sessions = [...others, ...cuttable.map(({ session }) => session)];
  try {
    // Nothing is left, while all sessions still live.
    await present(0);
    await eventually(() => sessions.every(({ watchFigures }) => watchFigures.watched === 0));
  } finally {
    for (const each of [...others, ...cuttable]) await each[Symbol.asyncDispose]();
  }
});

const names = async (): Promise<readonly string[]> => (await others[0].children(directory))?.names ?? [];
const present = (howMany: number) => eventually(names, ({ length }) => length === howMany);
const noteLoss = ({ session }: SessionThroughProxy) =>
  session.state$.subscribe(({ name }) => {
    if (name === 'SUSPENDED' || name === 'LOST') events.push(name);
  });

/** Until it has a session again. */
async function heal({ proxy, session }: SessionThroughProxy): Promise<void> {
  await proxy.heal();
  await session.connected();
}

describe('a double barrier, one participant of which is cut off', () => {
  const enter = (session: ZooKeeperSession) => enterBarrier(session, directory, 3);
  const leaveAll = (all: readonly EnteredBarrier[]) => Promise.all(all.map((place) => place.leave()));

  it('while it waits, does not open for too few, and lets it into the next round', async () => {
    const [cut] = cuttable;
    const waiting = enter(cut.session);
    await present(1);
    cut.proxy.blackhole();
    await eventually(() => cut.session.state.name === 'LOST');
    await present(0);
    const passed: EnteredBarrier[] = [];
    const entering = others.slice(0, 2).map(async (session) => passed.push(await enter(session)));
    await present(2);
    // Both have looked, and wait.
    await eventually(() => others.slice(0, 2).every(({ watchFigures }) => watchFigures.watched > 0));
    expect(passed).toEqual([]);
    passed.push(await enter(others[2]));
    await Promise.all(entering);
    expect(passed.map(({ rank }) => rank).sort()).toEqual([0, 1, 2]);
    await heal(cut);
    await present(4);
    await leaveAll(passed);
    const next = await Promise.all([waiting, ...others.slice(0, 2).map(enter)]);
    expect(next[0].round > passed[0]!.round).toBe(true);
    await leaveAll(next);
  });

  it('when it was counted, is left by the others once it knows itself lost, and it goes into the next round', async () => {
    // Its session has to outlive the opening.
    await using cut = await openThroughProxy(zookeeper, { sessionTimeoutMs: 2 * TIMEOUT_MS });
    noteLoss(cut);
    let passes = 0;
    const waiting = enter(cut.session).then((place) => {
      passes += 1;
      return place;
    });
    const first = enter(others[0]);
    await present(2);
    cut.proxy.blackhole();
    const round = await Promise.all([first, enter(others[1])]);
    expect(new Set(round.map((place) => place.round)).size).toBe(1);
    await leaveAll(round);
    events.push('left');
    expect(events).toEqual(['SUSPENDED', 'LOST', 'left']);
    await present(0);
    expect(passes).toBe(0);
    await heal(cut);
    const next = await Promise.all([waiting, ...others.slice(0, 2).map(enter)]);
    expect(next.map(({ rank }) => rank).sort()).toEqual([0, 1, 2]);
    expect(next[0].round > round[0].round).toBe(true);
    await leaveAll(next);
  });

  it('inside, is left by the others once it knows itself lost', async () => {
    const [cut] = cuttable;
    const all = [enter(cut.session), enter(others[0]), enter(others[1])] as const;
    const [place, ...rest] = await Promise.all(all);
    cut.proxy.blackhole();
    await leaveAll(rest);
    expect([cut.session.state.name, place.lost.aborted]).toEqual(['LOST', true]);
    await present(0);
    await heal(cut);
    await place.leave();
  });
});

describe('a member that is cut off', () => {
  it('knows that it may be gone, and that it is, before the others miss it or its name is taken', async () => {
    const [cut] = cuttable;
    const ann = await joinGroup(cut.session, directory, 'ann', { data: Buffer.from('first') });
    const following = noteLoss(cut);
    ann.present$.subscribe((is) => events.push(is ? 'present' : 'not sure'));
    const joins: string[] = [];
    const watching = watchMembers(others[0], directory).subscribe((members) => {
      const joined = members.get('ann')?.joined;
      if (joined === undefined) events.push('missed');
      else if (joined !== joins.at(-1)) joins.push(joined);
    });
    await eventually(() => joins.length === 1);
    const joining = joinGroup(others[1], directory, 'ann', { data: Buffer.from('second') });
    await eventually(() => others[1].watchFigures.watched > 0);
    cut.proxy.blackhole();
    const second = await joining;
    events.push('taken');
    await eventually(() => joins.length === 2);
    expect(events).toContain('LOST');
    const firstOf = (event: string) => events.indexOf(event);
    expect(events.slice(0, 3)).toEqual(['present', 'not sure', 'SUSPENDED']);
    expect(firstOf('LOST')).toBeLessThan(firstOf('taken'));
    if (events.includes('missed')) expect(firstOf('LOST')).toBeLessThan(firstOf('missed'));

    // Back again, it waits for its name like anybody else.
    await heal(cut);
    await persistently(cut.session, undefined, () => cut.session.sync(directory));
    expect(events.lastIndexOf('present')).toBe(0);
    expect((await others[0].get(`${directory}/ann`))?.data.toString()).toBe('second');
    await second[Symbol.asyncDispose]();
    await eventually(() => events.lastIndexOf('present') > 0 && joins.length === 3);
    expect([...joins].sort()).toEqual(joins);
    watching.unsubscribe();
    following.unsubscribe();
    await ann[Symbol.asyncDispose]();
  });
});

describe('leaders that are cut off one after the other', () => {
  /** The terms of all, in the order in which they began; who leads, as far as each knows. */
  const terms: { readonly who: number; readonly term: HeldLock }[] = [];
  const leading = new Set<number>();
  const both: string[] = [];

  function follow(candidacy: Candidacy, who: number): void {
    candidacy.leadership$.subscribe((leadership) => {
      if (leadership.role !== 'LEADER') {
        leading.delete(who);
        return;
      }
      leading.add(who);
      if (leading.size > 1) both.push([...leading].join(' and '));
      const { term } = leadership;
      if (!terms.some((before) => before.term === term)) terms.push({ who, term });
    });
  }

  const write = ({ who, term }: { who: number; term: HeldLock }) =>
    term.commit([
      {
        op: 'create',
        path: `${directory}-log/e-`,
        data: Buffer.from(`${term.token} ${who}`),
        mode: 'PERSISTENT_SEQUENTIAL',
      },
    ]);

  it('stop before the next one begins, and nothing that they do later counts', async () => {
    await others[0].ensurePath(`${directory}-log`);
    const candidacies = cuttable.map(({ session }) => startCandidacy(session, directory));
    for (const [who, candidacy] of candidacies.entries()) follow(candidacy, who);
    for (let turn = 1; turn <= 3; turn += 1) {
      await eventually(() => terms.length === turn && leading.size === 1);
      const now = terms.at(-1)!;
      await write(now);
      // All stand.
      await present(3);
      const cut = cuttable[now.who]!;
      cut.proxy.blackhole();
      const late = write(now).catch((error: unknown) => error);
      await eventually(() => terms.length === turn + 1);
      expect(terms.at(-1)!.who).not.toBe(now.who);
      expect(now.term.state).toBe('LOST');
      await write(terms.at(-1)!);
      await heal(cut);
      expect(await late).toMatchObject({ code: 'CONNECTION_LOSS' });
      await expect(write(now)).rejects.toMatchObject({ code: 'NOT_HELD' });
    }
    expect(both).toEqual([]);
    const tokens = terms.map(({ term }) => term.token);
    expect([...new Set(tokens)].sort()).toEqual(tokens);
    const log = (await others[0].children(`${directory}-log`))!.names;
    const entries = await Promise.all(
      [...log].sort().map(async (name) => (await others[0].get(`${directory}-log/${name}`))!.data.toString()),
    );
    expect(entries).toEqual([...entries].sort());
    expect(new Set(entries).size).toBe(terms.length);
    for (const candidacy of candidacies) await candidacy[Symbol.asyncDispose]();
  });
});
