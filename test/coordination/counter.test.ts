import { Counter } from '../../src/coordination/counter';
import { ZooKeeperError } from '../../src/errors';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { connectionLost, meddling, replacing } from '../support/meddling';
import { watchingData } from '../support/server-watches';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let other: ZooKeeperSession;
let path: string;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  session = await connect(zookeeper.connectString);
  other = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(() => {
  path = `/counters/test-${++count}`;
});
afterEach(async () => {
  await eventually(async () => ((await other.children(path))?.names ?? []).length === 0);
  await watchingData(zookeeper, 0);
});

const text = async () => (await other.get(path))?.data.toString();
const write = async (value: string) => {
  await other.ensurePath(path);
  await other.set(path, Buffer.from(value));
};

describe('a counter', () => {
  it('is 0 before it was written, counts up and down, and is text that anybody may read', async () => {
    const counter = new Counter(session, path);
    expect(await counter.value()).toBe(0n);
    expect(await other.exists(path)).toBeUndefined();
    expect(await counter.add(5n)).toBe(5n);
    expect(await counter.add(-7n)).toBe(-2n);
    expect(await text()).toBe('-2');
    expect(await counter.exchange(40n)).toBe(-2n);
    expect(await counter.value()).toBe(40n);
  });

  it('gives another number to each of many clients that count at the same time', async () => {
    const clients = [session, other].map((client) => new Counter(client, path));
    const counts = await Promise.all(Array.from({ length: 30 }, (_, index) => clients[index % 2]!.add(1n)));
    const expected = Array.from({ length: 30 }, (_, index) => BigInt(index + 1));
    expect([...counts].sort((a, b) => Number(a - b))).toEqual(expected);
  });

  it('takes what somebody else wrote, if it is a number', async () => {
    const counter = new Counter(session, path);
    await write(' 41\n');
    expect(await counter.add(1n)).toBe(42n);
    await write('');
    expect(await counter.value()).toBe(0n);
    for (const bad of ['many', '1.5', '1e3', '9223372036854775808', '99999999999999999999']) {
      await write(bad);
      await expect(counter.value()).rejects.toMatchObject({ code: 'BAD_DATA' });
      await expect(counter.add(1n)).rejects.toMatchObject({ code: 'BAD_DATA' });
      expect(await text()).toBe(bad);
    }
  });

  it('keeps all of its 64 bits, and refuses to leave them', async () => {
    const counter = new Counter(session, path);
    await write('9223372036854775806');
    expect(await counter.add(1n)).toBe(2n ** 63n - 1n);
    await expect(counter.add(1n)).rejects.toThrow(RangeError);
    expect(await counter.exchange(-(2n ** 63n))).toBe(2n ** 63n - 1n);
    await expect(counter.add(-1n)).rejects.toThrow(RangeError);
    expect(await text()).toBe('-9223372036854775808');
  });

  it('tells its number now and after each change', async () => {
    const seen: bigint[] = [];
    const errors: unknown[] = [];
    const counter = new Counter(session, path);
    const subscription = counter.value$.subscribe({
      next: (value) => seen.push(value),
      error: (error: unknown) => errors.push(error),
    });
    await eventually(() => seen.length === 1);
    await new Counter(other, path).add(3n);
    await eventually(() => seen.at(-1) === 3n);
    expect(seen).toEqual([0n, 3n]);
    await write('many');
    await eventually(() => errors.length === 1);
    expect(errors).toMatchObject([{ code: 'BAD_DATA' }]);
    expect(subscription.closed).toBe(true);
  });

  it('goes on when its znode is removed between the reading and the writing', async () => {
    await write('5');
    const removing = meddling(session, async (attempt) => {
      if (attempt === 1) await other.remove(path);
    });
    expect(await new Counter(removing, path).add(1n)).toBe(1n);
  });

  it('rejects with what the server refuses', async () => {
    await write('1');
    const refused = new ZooKeeperError('NO_AUTH', 'refused', { mayHaveHappened: false, retryable: false });
    const refusing = replacing(session, 'multi', () => Promise.reject(refused));
    await expect(new Counter(refusing, path).add(1n)).rejects.toBe(refused);
  });
});

describe('a reply that was lost', () => {
  /** Far off, so that a count that never ends is told of. */
  const atLast = () => ({ signal: AbortSignal.timeout(5000) });
  /** The server carries out every transaction; of the first `replies` the client is told nothing. */
  const mute = (replies: number, meanwhile?: () => Promise<unknown>) => {
    let transactions = 0;
    return replacing(session, 'multi', async (ops) => {
      transactions += 1;
      await session.multi(ops);
      if (transactions > replies) return;
      await meanwhile?.();
      throw connectionLost(true);
    });
  };
  /** The server hears nothing of the first transactions. */
  const deaf = (transactions: number, meanwhile?: () => Promise<unknown>) =>
    meddling(session, async (attempt) => {
      if (attempt > transactions) return;
      await meanwhile?.();
      throw connectionLost(true);
    });
  const countBeside = () => new Counter(other, path).add(100n);

  it.each([
    ['was carried out', () => mute(1), 1n, '1'],
    ['was carried out, and others counted meanwhile', () => mute(1, countBeside), 1n, '101'],
    ['was not carried out, twice', () => deaf(2), 1n, '1'],
    ['was not carried out, and others counted meanwhile', () => deaf(1, countBeside), 101n, '101'],
  ])('to a write that %s makes no difference', async (_, lossy, resolved, stands) => {
    await write('0');
    expect(await new Counter(lossy(), path).add(1n, atLast())).toBe(resolved);
    expect(await text()).toBe(stands);
  });

  it('to a write that is carried out only when it was asked for again counts once', async () => {
    await write('0');
    let transactions = 0;
    const late = replacing(session, 'multi', async (ops) => {
      transactions += 1;
      if (transactions === 1) throw connectionLost(true);
      // The first one arrives just before the second.
      if (transactions === 2) await session.multi(ops);
      await session.multi(ops);
    });
    expect(await new Counter(late, path).add(1n, atLast())).toBe(1n);
    expect(await text()).toBe('1');
  });

  it('to the removal of the receipt leaves none behind', async () => {
    await write('0');
    let removals = 0;
    const lossy = replacing(session, 'remove', (...args) => {
      removals += 1;
      return removals === 1 ? Promise.reject(connectionLost(false)) : session.remove(...args);
    });
    expect(await new Counter(lossy, path).add(1n, atLast())).toBe(1n);
    await eventually(() => removals === 2);
  });
});
