import { acquireLock } from '../../src/coordination/lock';
import type { HoldState } from '../../src/coordination/holding';
import type { HeldLock } from '../../src/coordination/held-lock';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { proxiedScene } from '../support/proxied-scene';
import type { SessionThroughProxy } from '../support/session-through-proxy';
import { watching } from '../support/server-watches';

const TIMEOUT_MS = 1000;

const scene = proxiedScene({ sessionTimeoutMs: TIMEOUT_MS }, ({ zookeeper }) => watching(zookeeper, 0));

const queue = async (): Promise<readonly string[]> => (await scene.other.children(scene.path))?.names ?? [];
const queued = (length: number): Promise<readonly string[]> =>
  eventually(queue, (names) => names.length === length);
const ownerOf = async (name: string): Promise<string | undefined> =>
  (await scene.other.exists(`${scene.path}/${name}`))?.ephemeralOwner;

function statesOf(lock: HeldLock): HoldState[] {
  const states: HoldState[] = [];
  lock.state$.subscribe((state) => states.push(state));
  return states;
}

describe('the holder', () => {
  it('is in doubt while the server is killed and started again, and then holds on', async () => {
    // A start may take longer than the other tests' session timeout.
    const [holder, waiter] = [10_000, 10_000].map((sessionTimeoutMs) =>
      openSession({ connectString: scene.zookeeper.connectString, sessionTimeoutMs }),
    ) as [ZooKeeperSession, ZooKeeperSession];
    const lock = await acquireLock(holder, scene.path);
    const states = statesOf(lock);
    const waiting = acquireLock(waiter, scene.path);
    await queued(2);
    await scene.zookeeper.server.kill('SIGKILL');
    await eventually(() => lock.state === 'IN_DOUBT');
    expect(lock.doubt.aborted).toBe(true);
    await expect(lock.commit([])).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    await scene.zookeeper.server.restart();
    await eventually(() => lock.state === 'HELD');
    await lock.commit([{ op: 'create', path: `${scene.path}-target`, data: Buffer.from(lock.token) }]);
    expect(lock.lost.aborted).toBe(false);
    await lock.release();
    const next = await waiting;
    expect(next.token > lock.token).toBe(true);
    await next.release();
    expect(states).toEqual(['HELD', 'IN_DOUBT', 'HELD', 'RELEASED']);
    await Promise.all([holder, waiter].map((session) => session[Symbol.asyncDispose]()));
  });

  it('loses the lock when its session has expired, and the next one gets it', async () => {
    const lock = await acquireLock(scene.through.session, scene.path);
    const states = statesOf(lock);
    const waiting = acquireLock(scene.other, scene.path);
    await queued(2);
    await expireSession(scene.through.proxy);
    await using next = await waiting;
    expect(next.token > lock.token).toBe(true);
    await eventually(() => lock.state === 'LOST');
    await scene.through.session.connected();
    expect(states).toEqual(['HELD', 'IN_DOUBT', 'LOST']);
    // The new session does not take over what the old one held.
    await expect(lock.commit([])).rejects.toMatchObject({ code: 'NOT_HELD' });
    await lock.release();
    expect(next.state).toBe('HELD');
    expect(await queued(1)).toEqual([next.path.slice(scene.path.length + 1)]);
  });

  it('in a silent partition is told to stop, and that it has lost, before anybody else holds the lock', async () => {
    const lock = await acquireLock(scene.through.session, scene.path);
    const events: string[] = [];
    lock.state$.subscribe((state) => events.push(state));
    const waiting = acquireLock(scene.other, scene.path).then((next) => {
      events.push('another holds');
      return next;
    });
    await queued(2);
    scene.through.proxy.blackhole();
    await using _ = await waiting;
    expect(events).toEqual(['HELD', 'IN_DOUBT', 'LOST', 'another holds']);
  });

  it('that releases during a partition is done when it is over, one way or the other', async () => {
    for (const over of ['healed', 'expired']) {
      const lock = await acquireLock(scene.through.session, scene.path);
      scene.through.proxy.blackhole();
      const released = lock.release();
      expect(lock.state).toBe('RELEASED');
      if (over === 'healed') await scene.through.proxy.heal();
      await released;
      if (over === 'healed') expect(await queue()).toEqual([]);
      else expect(scene.through.names.at(-1)).toBe('LOST');
    }
    await queued(0);
    await scene.through.proxy.heal();
  });
});

describe('a waiter', () => {
  it('keeps its place through a break of its connection', async () => {
    const lock = await acquireLock(scene.other, scene.path);
    const waiting = acquireLock(scene.through.session, scene.path);
    const names = await queued(2);
    scene.through.proxy.cut();
    await eventually(() => scene.through.names.length === 4);
    expect(await queue()).toEqual(names);
    await lock.release();
    await using next = await waiting;
    expect(names).toContain(next.path.slice(scene.path.length + 1));
  });

  it('whose session has expired queues again', async () => {
    const lock = await acquireLock(scene.other, scene.path);
    const waiting = acquireLock(scene.through.session, scene.path);
    const names = await queued(2);
    await expireSession(scene.through.proxy);
    const again = await eventually(
      queue,
      (now) => now.length === 2 && now.some((name) => !names.includes(name)),
    );
    expect(again).toHaveLength(2);
    await lock.release();
    await using next = await waiting;
    expect(names).not.toContain(next.path.slice(scene.path.length + 1));
  });

  it('finds the znode again whose making was not answered, and has no second one', async () => {
    await scene.other.ensurePath(scene.path);
    scene.through.proxy.blackhole('toClient');
    const acquiring = acquireLock(scene.through.session, scene.path);
    const [made] = await queued(1);
    scene.through.proxy.cut();
    await scene.through.proxy.heal();
    await using lock = await acquiring;
    expect(lock.path).toBe(`${scene.path}/${made!}`);
    expect(await queue()).toEqual([made]);
  });

  it('does not take the znode of its former session for its own', async () => {
    await scene.other.ensurePath(scene.path);
    const formerId = sessionId(scene.through);
    scene.through.proxy.blackhole('toClient');
    const acquiring = acquireLock(scene.through.session, scene.path);
    const [made] = await queued(1);
    expect(await ownerOf(made!)).toBe(formerId);
    await eventually(() => scene.through.names.includes('LOST'));
    await scene.through.proxy.heal();
    await using lock = await acquiring;
    expect(lock.path).not.toBe(`${scene.path}/${made!}`);
    expect(await ownerOf(lock.path.slice(scene.path.length + 1))).toBe(sessionId(scene.through));
  });

  it('that gives up in a silent partition is rejected at once, and its znode goes when that is over', async () => {
    const lock = await acquireLock(scene.other, scene.path);
    for (const step of ['create', 'wait'] as const) {
      const giveUp = new AbortController();
      if (step === 'create') scene.through.proxy.blackhole('toClient');
      const waiting = acquireLock(scene.through.session, scene.path, { signal: giveUp.signal });
      await queued(2);
      scene.through.proxy.blackhole();
      giveUp.abort('enough');
      await expect(waiting).rejects.toBe('enough');
      expect(await queue()).toHaveLength(2);
      scene.through.proxy.cut();
      await scene.through.proxy.heal();
      await queued(1);
    }
    await lock.release();
  });
});

function sessionId({ session: { state } }: SessionThroughProxy): string {
  return state.name === 'CONNECTED' ? state.sessionId : state.name;
}
