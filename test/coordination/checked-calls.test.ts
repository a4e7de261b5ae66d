import {
  acquireLock,
  Counter,
  enterBarrier,
  joinGroup,
  startClock,
  WorkQueue,
} from '../../src/coordination/public';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect } from '../support/fleet';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  session = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

const bad = (words: RegExp) => ({ code: 'BAD_ARGUMENTS', message: expect.stringMatching(words) as string });
/** As JavaScript may have it. */
const wrong = (value: unknown) => value as never;

test('a lock refuses to commit what is no list, and is held', async () => {
  await using lock = await acquireLock(session, '/checked/lock');
  await expect(lock.commit(wrong({ op: 'check' }))).rejects.toMatchObject(
    bad(/^ops is \{.*an array of the parts/),
  );
  await expect(lock.commit(wrong([{ op: 'delete', path: '/a' }]))).rejects.toMatchObject(
    bad(/^ops\[1\]\.op is 'delete'; it has to be one of create, set, remove, check$/),
  );
  expect(lock.state).toBe('HELD');
});

test('a claimed item refuses what it cannot be settled with, and is still claimed', async () => {
  const queue = new WorkQueue(session, '/checked/queue');
  await queue.put(Buffer.from('one'));
  const item = await queue.claim();
  await expect(item.acknowledge(wrong('all'))).rejects.toMatchObject(bad(/^ops is 'all'/));
  await expect(item.retry(wrong(undefined))).rejects.toMatchObject(bad(/^reason is undefined; .* text$/));
  await expect(item.reject(wrong(new Error('broken')))).rejects.toMatchObject(bad(/^reason is /));
  for (const afterMs of [-1, NaN, Infinity, 2 ** 31]) {
    await expect(item.retry('later', { afterMs })).rejects.toMatchObject(
      bad(/^afterMs is .* from 0 to 2147483647$/),
    );
  }
  const signal = wrong(new AbortController());
  await expect(item.retry('later', { signal })).rejects.toMatchObject(bad(/^signal is AbortController/));
  await expect(item.retry('later', wrong(AbortSignal.timeout(1)))).rejects.toMatchObject(
    bad(/^options is AbortSignal/),
  );
  expect(item.settled).toBe(false);
  await item.acknowledge();
  expect(await queue.depth()).toEqual({ waiting: 0, claimed: 0, dead: 0 });
});

test('who has entered a barrier stays when the signal of leave() is none', async () => {
  await using entered = await enterBarrier(session, '/checked/barrier', 1);
  await expect(entered.leave({ signal: wrong(1000) })).rejects.toMatchObject(bad(/^signal is 1000/));
  await expect(entered.leave(wrong(AbortSignal.timeout(1)))).rejects.toMatchObject(
    bad(/^options is AbortSignal/),
  );
  expect((await session.children('/checked/barrier'))?.names).toHaveLength(1);
});

test('a member refuses data that are no bytes, and keeps what it has', async () => {
  await using member = await joinGroup(session, '/checked/group', 'ann', { data: Buffer.from('here') });
  expect(() => {
    member.update(wrong('there'));
  }).toThrow(/^data is 'there'; it has to be a Uint8Array/);
  expect((await session.get('/checked/group/ann'))?.data.toString()).toBe('here');
});

test('a clock refuses times that never come, and does not wait for them', async () => {
  using clock = await startClock(session, '/checked/clock');
  for (const time of [NaN, Infinity, -Infinity, wrong('2030-01-01'), wrong(new Date())]) {
    await expect(clock.until(time)).rejects.toMatchObject(
      bad(/^time is .*; it has to be a number of milliseconds since/),
    );
  }
  for (const maxErrorMs of [0, -1, NaN, Infinity]) {
    await expect(clock.until(0, { maxErrorMs })).rejects.toMatchObject(bad(/^maxErrorMs is .* above 0$/));
  }
  await expect(clock.until(0, { signal: wrong({}) })).rejects.toMatchObject(bad(/^signal is \{\}/));
});

test('a counter refuses numbers that are no bigint, and counts nothing', async () => {
  const counter = new Counter(session, '/checked/counter');
  await expect(counter.add(wrong(1))).rejects.toMatchObject(bad(/^delta is 1; .* a bigint, such as 1n$/));
  await expect(counter.exchange(2n ** 63n)).rejects.toMatchObject(bad(/^count is 9223372036854775808n; /));
  expect(await counter.value()).toBe(0n);
});
