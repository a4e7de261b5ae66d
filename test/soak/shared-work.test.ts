import { enterBarrier } from '../../src/coordination/double-barrier';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { replacing } from '../support/meddling';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';
import { PutItems } from './put-items';
import { DONE, SharedWork, type Enter, type WorkDone } from './shared-work';

let zookeeper: ZooKeeperPlace;
let sessions: readonly [ZooKeeperSession, ZooKeeperSession, ZooKeeperSession];
beforeEach(async () => {
  zookeeper = await sharedZooKeeper();
  const one = () => connect(zookeeper.connectString);
  sessions = [await one(), await one(), await one()];
  await sessions[0].ensurePath(DONE);
});
afterEach(async () => {
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  await zookeeper[Symbol.asyncDispose]();
});

type Run = (work: SharedWork, random: () => SeededRandom, stop: AbortSignal) => Promise<void>[];

/** Lets it run until it is `enough`, and what is in the queue is done. */
async function run(work: SharedWork, parts: Run, enough: (counted: WorkDone) => boolean): Promise<void> {
  const over = new AbortController();
  const idle = new AbortController();
  let seed = TEST_SEED;
  const random = () => new SeededRandom((seed += 1));
  const running = parts(work, random, over.signal);
  const consuming = work.consume(sessions[1], random(), idle.signal);
  await eventually(() => enough(work.counted), Boolean, 60_000);
  over.abort();
  await Promise.all(running);
  await work.finish(sessions[0]);
  idle.abort();
  await consuming;
}

const passAll: Run = (work, random, stop) =>
  sessions.map((session, index) => work.pass(`client ${index + 1}`, session, random(), stop));

test.each<[what: string, enter: Enter, wrong: RegExp | undefined]>([
  ['a barrier', enterBarrier, undefined],
  [
    'one that opens for each by itself',
    (session, directory, _, options) => enterBarrier(session, directory, 1, options),
    /was told rank 0 of 1, not of 2/,
  ],
  [
    'one that does so and says otherwise',
    async (session, directory, size, options) => {
      const entered = await enterBarrier(session, directory, 1, options);
      const { round, rank, openedAt } = entered;
      return { round, rank, openedAt, size, leave: (leaving) => entered.leave(leaving) };
    },
    /client \d passed for 2, and nobody else gave up/,
  ],
  [
    'one that does not wait until the others are done',
    async (session, directory, size, options) => {
      const entered = await enterBarrier(session, directory, size, options);
      const { round, rank, openedAt } = entered;
      return { round, rank, openedAt, size, leave: () => entered[Symbol.asyncDispose]() };
    },
    /client \d was told that all were done before client \d left/,
  ],
])(
  `%s is told from one that is as it must be (seed ${TEST_SEED})`,
  async (_, enter, wrong) => {
    const work = new SharedWork(enter);
    await run(work, passAll, ({ rounds }) => rounds >= 8);
    if (wrong === undefined) expect(work.complaints).toEqual([]);
    else expect(work.complaints).toContainEqual(expect.stringMatching(wrong));
    expect(work.counted.passed).toBeGreaterThanOrEqual(8);
  },
  120_000,
);

test.each([1, 2])('items that %i of each are put into the queue', async (times) => {
  const work = new SharedWork();
  const session = replacing(sessions[0], 'create', async (...args) => {
    for (let more = times; more > 1; more -= 1) await sessions[0].create(...args);
    return sessions[0].create(...args);
  });
  await run(work, (_, random, stop) => [work.put(session, random(), stop)], ({ put }) => put >= 3); // prettier-ignore
  const { put, done, doubled } = work.counted;
  expect([done, doubled]).toEqual([put, (times - 1) * put]);
  expect(work.complaints).toHaveLength((times - 1) * put);
  for (const complaint of work.complaints)
    expect(complaint).toMatch(/^item-\d+ was in the queue 2 times, and the connection broke 0 times while/);
});

test('an item may be in the queue once more for each time that the connection broke while it was put', () => {
  const items = new PutItems();
  items.again('early', 'b');
  for (const [name, breaks] of [['early', 1], ['once', 1], ['twice', 2], ['never', 0]] as const) items.put(name, breaks); // prettier-ignore
  for (const id of ['b', 'b', 'c']) items.again('twice', id);
  for (const id of ['b', 'c']) items.again('once', id);
  expect(items.doubled).toBe(5);
  expect(items.complaints()).toEqual([
    'once was in the queue 3 times, and the connection broke 1 times while it was put',
  ]);
});
