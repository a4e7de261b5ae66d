import { CoordinationError } from '../../src/errors';
import { exclusively } from '../../src/coordination/exclusively';
import { acquireLock } from '../../src/coordination/lock';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { replacing } from '../support/meddling';
import { watchingData } from '../support/server-watches';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;
/** Looks on and meddles. */
let other: ZooKeeperSession;
let sessions: ZooKeeperSession[];
let directory: string;

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  other = await connect(zookeeper.connectString);
  sessions = await Promise.all([1, 2, 3].map(() => connect(zookeeper.connectString)));
});
afterAll(async () => {
  await Promise.all([...sessions, other].map((session) => session[Symbol.asyncDispose]()));
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(() => {
  directory = `/locks/test-${++count}`;
});
afterEach(async () => {
  await watchingData(zookeeper, 0);
});

const queue = async (): Promise<string[]> =>
  [...((await other.children(directory))?.names ?? [])].sort((a, b) =>
    a.slice(-10) < b.slice(-10) ? -1 : 1,
  );
const queued = (length: number): Promise<string[]> => eventually(queue, (names) => names.length === length);

describe('acquireLock', () => {
  it('gives the lock to one at a time, in the order in which they came, with growing tokens', async () => {
    const held: string[] = [];
    const order: number[] = [];
    let holders = 0;
    const waits: Promise<void>[] = [];
    for (const [index, session] of [...sessions, ...sessions].entries()) {
      // The first one goes as soon as all six are there.
      await queued(index);
      waits.push(
        exclusively(session, directory, async (lock) => {
          expect((holders += 1)).toBe(1);
          held.push(lock.token);
          order.push(index);
          if (index === 0) await queued(6);
          expect((await other.exists(lock.path))?.czxid).toBe(lock.token);
          holders -= 1;
        }),
      );
    }
    await Promise.all(waits);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...held].sort()).toEqual(held);
    expect(new Set(held).size).toBe(6);
    expect(await queue()).toEqual([]);
  });

  it('watches the one before and no other', async () => {
    const [first, second, third] = sessions as [ZooKeeperSession, ZooKeeperSession, ZooKeeperSession];
    await using _ = await acquireLock(first, directory);
    const waiting = [acquireLock(second, directory)];
    const [, middle] = await queued(2);
    waiting.push(acquireLock(third, directory));
    await queued(3);
    // The holder watches its own znode, the others one each.
    await watchingData(zookeeper, 3);
    const acquired: number[] = [];
    waiting.forEach((wait, index) => void wait.then(() => acquired.push(index)));
    // An operator removes the one in the middle: it queues again, behind the third, and nobody holds the lock twice.
    await other.remove(`${directory}/${middle!}`);
    await queued(2);
    await _.release();
    const last = await waiting[1]!;
    expect(acquired).toEqual([1]);
    await queued(2);
    await last.release();
    await (await waiting[0]!).release();
  });

  it('makes the znode, and writes who holds it', async () => {
    await using lock = await acquireLock(sessions[0]!, directory, { data: Buffer.from('ann@here') });
    expect((await other.get(lock.path))?.data.toString()).toBe('ann@here');
    expect(lock.path.startsWith(`${directory}/`)).toBe(true);
  });

  it('gives a lower token to nobody when the znode was removed and made again', async () => {
    const before = await acquireLock(sessions[0]!, directory);
    await before.release();
    await other.remove(directory);
    await using after = await acquireLock(sessions[1]!, directory);
    expect(after.token > before.token).toBe(true);
  });

  it('leaves strangers among the children alone, and is not held up by them', async () => {
    await other.ensurePath(`${directory}/readme`);
    await using _ = await acquireLock(sessions[0]!, directory);
    expect(await queue()).toHaveLength(2);
  });

  it('refuses a znode whose counter is at its end', async () => {
    const session = replacing(sessions[0]!, 'create', async (path, data, mode) => {
      await sessions[0]!.create(path, data, mode);
      return `${path}2147483647`;
    });
    await expect(acquireLock(session, directory)).rejects.toMatchObject({ code: 'EXHAUSTED' });
  });

  it('rejects with what the server refuses', async () => {
    await expect(acquireLock(sessions[0]!, '/not//a/path')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });
});

describe('a wait that is given up', () => {
  it('rejects with the reason of the signal and leaves neither znode nor watch', async () => {
    const held = await acquireLock(sessions[0]!, directory);
    const giveUp = new AbortController();
    const waiting = acquireLock(sessions[1]!, directory, { signal: giveUp.signal });
    await queued(2);
    await watchingData(zookeeper, 2);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await queued(1);
    await watchingData(zookeeper, 1);
    expect(held.state).toBe('HELD');
    await held.release();
    expect(await queue()).toEqual([]);
  });

  it('by a deadline rejects with its TimeoutError', async () => {
    await using _ = await acquireLock(sessions[0]!, directory);
    const waiting = acquireLock(sessions[1]!, directory, { signal: AbortSignal.timeout(50) });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    await queued(1);
  });

  it('at any moment leaves nothing, and holds up nobody', async () => {
    await using held = await acquireLock(sessions[0]!, directory);
    const outcomes: unknown[] = [];
    for (let turns = 0; turns < 40; turns += 1) {
      const giveUp = new AbortController();
      const waiting = acquireLock(sessions[1]!, directory, { signal: giveUp.signal });
      const outcome = waiting.catch((error: unknown) => error);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      giveUp.abort('given up');
      outcomes.push(await outcome);
    }
    expect(new Set(outcomes)).toEqual(new Set(['given up']));
    await queued(1);
    await held.release();
    await using _ = await acquireLock(sessions[2]!, directory, { signal: AbortSignal.timeout(5000) });
  });

  it('before it began makes nothing', async () => {
    const signal = AbortSignal.abort(new Error('never mind'));
    await expect(acquireLock(sessions[0]!, directory, { signal })).rejects.toThrow('never mind');
    expect(await other.exists(directory)).toBeUndefined();
  });

  it('ends with the session', async () => {
    await using _ = await acquireLock(sessions[0]!, directory);
    const session = await connect(zookeeper.connectString);
    const waiting = acquireLock(session, directory);
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await queued(2);
    await session[Symbol.asyncDispose]();
    await outcome;
    expect(await queue()).toHaveLength(1);
  });
});

describe('a held lock', () => {
  it('commits while it is held, and never after', async () => {
    const lock = await acquireLock(sessions[0]!, directory);
    const target = `${directory}-target`;
    await lock.commit([{ op: 'create', path: target, data: Buffer.from('1') }]);
    await expect(lock.commit([{ op: 'create', path: target, data: Buffer.from('2') }])).rejects.toMatchObject(
      {
        code: 'NODE_EXISTS',
      },
    );
    await lock.release();
    expect(lock.state).toBe('RELEASED');
    await expect(lock.commit([{ op: 'remove', path: target }])).rejects.toMatchObject({
      name: 'CoordinationError',
      code: 'NOT_HELD',
      message: expect.stringMatching(/was released/) as unknown,
    });
    // As a write that was on its way for long would find it.
    await expect(sessions[0]!.multi([lock.guard, { op: 'remove', path: target }])).rejects.toMatchObject({
      code: 'NO_NODE',
    });
    expect((await other.get(target))?.data.toString()).toBe('1');
  });

  it('is lost when somebody removes its znode: it is told, and what it commits meanwhile is refused', async () => {
    const lock = await acquireLock(sessions[0]!, directory);
    const states: string[] = [];
    let completed = false;
    lock.state$.subscribe({ next: (state) => states.push(state), complete: () => (completed = true) });
    const removed = other.remove(lock.path);
    const late = lock.commit([{ op: 'create', path: `${directory}-late`, data: Buffer.from('') }]);
    await removed;
    await late.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'NOT_HELD' });
    });
    await eventually(() => lock.lost.aborted);
    expect(lock.doubt.aborted).toBe(true);
    expect(lock.lost.reason).toBeInstanceOf(CoordinationError);
    expect([states, completed]).toEqual([['HELD', 'LOST'], true]);
    await expect(lock.commit([])).rejects.toMatchObject({ code: 'NOT_HELD' });
    await lock.release();
    expect(lock.state).toBe('LOST');
  });

  it('is released once, however often it is asked, and its signals stay silent', async () => {
    const lock = await acquireLock(sessions[0]!, directory);
    const states: string[] = [];
    lock.state$.subscribe((state) => states.push(state));
    await Promise.all([lock.release(), lock.release()]);
    await lock[Symbol.asyncDispose]();
    expect(states).toEqual(['HELD', 'RELEASED']);
    expect([lock.doubt.aborted, lock.lost.aborted]).toEqual([false, false]);
    expect(await queue()).toEqual([]);
  });

  it('is lost when its session is closed', async () => {
    const session = await connect(zookeeper.connectString);
    const lock = await acquireLock(session, directory);
    await session[Symbol.asyncDispose]();
    expect(lock.state).toBe('LOST');
    await lock.release();
  });
});
