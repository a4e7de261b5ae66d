import { consume } from '../../src/coordination/consume';
import { ZooKeeperError } from '../../src/errors';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { logged } from '../support/logged';
import { replacing } from '../support/meddling';
import { openThroughProxy } from '../support/session-through-proxy';
import { QueueScene } from './queue-scene';

let scene: QueueScene;
beforeAll(async () => {
  scene = await QueueScene.start();
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(() => {
  scene.useFreshQueue();
});
afterEach(() => scene.expectNoWatches());

const EMPTY = { items: [], claims: [], dead: [] };
const put = async (...values: string[]) => {
  for (const value of values) await scene.queue.put(Buffer.from(value));
};

it('has each item done once by one of several consumers, until it is told to stop', async () => {
  const done: string[] = [];
  const stop = new AbortController();
  const consumers = [scene.first, scene.second].map((session) =>
    consume(
      scene.queueOf(session),
      (item) => {
        done.push(item.data.toString());
        return Promise.resolve();
      },
      { signal: stop.signal },
    ),
  );
  const values = Array.from({ length: 20 }, (_, index) => `${index}`);
  await put(...values);
  await scene.eventuallyTree(EMPTY, () => done.length === 20);
  stop.abort();
  await Promise.all(consumers);
  expect([...done].sort()).toEqual([...values].sort());
});

it('tries an item again that failed, and others meanwhile, and keeps what goes on failing as a dead letter', async () => {
  const seen: string[] = [];
  const stop = new AbortController();
  const { log, lines } = logged();
  const queue = scene.queueOf(replacing(scene.first, 'log', log), { maxAttempts: 3 });
  const consuming = consume(
    queue,
    (item) => {
      seen.push(`${item.data.toString()}${item.attempt}`);
      return item.data.toString() === 'bad' ? Promise.reject(new Error('no good')) : Promise.resolve();
    },
    { signal: stop.signal, retryAfterMs: 200 },
  );
  await put('bad', 'good');
  await eventually(async () => (await scene.letters()).length === 1);
  expect(seen).toEqual(['bad1', 'good1', 'bad2', 'bad3']);
  const failures = lines.filter(({ level }) => level === 'warn');
  expect(failures.map(({ msg }) => String(msg).replace(/item \S+,/, 'item,'))).toEqual(
    [1, 2, 3].map((attempt) => `the work failed: item, attempt ${attempt}`),
  );
  expect(failures[0]).toMatchObject({ err: { message: 'no good' } });
  expect(await scene.letters()).toMatchObject([{ attempts: 3, reason: 'no good' }]);
  stop.abort();
  await consuming;
});

it('leaves alone what the work has settled itself, and tells what that throws afterwards', async () => {
  const { log, lines } = logged();
  const stop = new AbortController();
  const consuming = consume(
    scene.queueOf(replacing(scene.first, 'log', log)),
    async (item) => {
      if (item.data.toString() === 'a') await item.reject('not for me');
      else await item.acknowledge();
      throw new Error('afterwards');
    },
    { signal: stop.signal },
  );
  await put('a', 'b');
  await eventually(() => lines.length === 2);
  for (const line of lines) {
    const msg = expect.stringMatching(/^the work threw after it had settled item .*, attempt 1$/) as string;
    expect(line).toMatchObject({ level: 'error', msg, err: { message: 'afterwards' } });
  }
  await eventually(
    async () => (await scene.queue.depth()).waiting === 0 && (await scene.tree()).claims.length === 0,
  );
  expect(await scene.letters()).toMatchObject([{ reason: 'not for me' }]);
  stop.abort();
  await consuming;
});

it('says nothing of a claim that was lost, which the work was told of as it settled the item', async () => {
  const { log, lines } = logged();
  const stop = new AbortController();
  const attempts: number[] = [];
  const consuming = consume(
    scene.queueOf(replacing(scene.first, 'log', log)),
    async (item) => {
      attempts.push(item.attempt);
      if (item.attempt === 1) await scene.second.remove(`${scene.directory}/claims/${item.id}`);
      await item.acknowledge();
    },
    { signal: stop.signal },
  );
  await put('a');
  await scene.eventuallyTree(EMPTY, () => attempts.length === 2);
  stop.abort();
  await consuming;
  expect(attempts).toEqual([1, 2]);
  expect(lines).toEqual([]);
});

it('that is told to stop tells the work, and gives back at once what was not done', async () => {
  const stop = new AbortController();
  const told: unknown[] = [];
  const consuming = consume(
    scene.queue,
    async (item, signal) => {
      if (item.data.toString() === 'failing') throw new Error('later');
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          told.push(signal.reason);
          reject(new Error('stopped'));
        });
        stop.abort('enough');
      });
    },
    { signal: stop.signal, retryAfterMs: 60_000 },
  );
  await put('failing', 'long');
  await consuming;
  expect(told).toEqual(['enough']);
  expect(await scene.queue.depth()).toEqual({ waiting: 2, claimed: 0, dead: 0 });
});

it('that is stopped before it began claims nothing', async () => {
  await put('a');
  await consume(scene.queue, () => Promise.reject(new Error('called')), { signal: AbortSignal.abort() });
  expect(await scene.queue.depth()).toEqual({ waiting: 1, claimed: 0, dead: 0 });
});

it('tells the work that its claim is lost, and goes on in the next session', async () => {
  await using through = await openThroughProxy(scene.zookeeper, { sessionTimeoutMs: 1000 });
  const stop = new AbortController();
  const attempts: number[] = [];
  const aborted: boolean[] = [];
  const consuming = consume(
    scene.queueOf(through.session),
    async (item, signal) => {
      attempts.push(item.attempt);
      if (item.attempt > 1) return;
      await expireSession(through.proxy);
      await eventually(() => signal.aborted && item.lost.aborted);
      aborted.push(signal.aborted);
    },
    { signal: stop.signal },
  );
  await put('a');
  await scene.eventuallyTree(EMPTY);
  expect([attempts, aborted]).toEqual([[1, 2], [true]]);
  stop.abort();
  await consuming;
});

it('rejects when the session is closed, or the server refuses to take an item back', async () => {
  const { session, lists } = scene.counting(await connect(scene.connectString));
  const closed = expect(consume(scene.queueOf(session), () => Promise.resolve())).rejects.toMatchObject({
    code: 'CLOSED',
  });
  await eventually(() => lists() === 2);
  await session[Symbol.asyncDispose]();
  await closed;

  await put('a');
  const refused = new ZooKeeperError('NO_AUTH', 'refused', { mayHaveHappened: false, retryable: false });
  await scene.first.ensurePath(`${scene.directory}/claims`);
  let transactions = 0;
  const refusing = replacing(scene.first, 'multi', async (ops) => {
    if ((transactions += 1) > 1) throw refused;
    await scene.first.multi(ops);
  });
  const failing = () => Promise.reject(new Error('no good'));
  await expect(consume(scene.queueOf(refusing), failing, { retryAfterMs: 1 })).rejects.toBe(refused);
  const [claim] = (await scene.tree()).claims;
  await scene.first.remove(`${scene.directory}/claims/${claim!}`);
});
