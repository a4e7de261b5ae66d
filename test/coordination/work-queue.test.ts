import { randomBytes } from 'node:crypto';
import { discardDeadLetter, readDeadLetters, requeueDeadLetter } from '../../src/coordination/dead-letters';
import { MAX_ITEM_BYTES } from '../../src/coordination/work-queue';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { connectionLost, meddling, replacing } from '../support/meddling';
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

const bytes = (value: string) => Buffer.from(value);

describe('a queue', () => {
  it('gives items out in the order in which they were put, each to one worker', async () => {
    const { queue } = scene;
    const ids = [await queue.put(bytes('1')), await queue.put(bytes('2')), await queue.put(bytes('3'))];
    const [a, b] = [await queue.claim(), await scene.queueOf(scene.second).claim()];
    const c = await queue.claim();
    expect([a, b, c].map(({ id, data, attempt }) => [id, data.toString(), attempt])).toEqual([
      [ids[0], '1', 1],
      [ids[1], '2', 1],
      [ids[2], '3', 1],
    ]);
    expect([a.token, b.token, c.token].sort()).toEqual([a.token, b.token, c.token]);
    expect(await queue.depth()).toEqual({ waiting: 0, claimed: 3, dead: 0 });
    await Promise.all([a.acknowledge(), b.acknowledge(), c.acknowledge()]);
    expect(await scene.tree()).toEqual({ items: [], claims: [], dead: [] });
  });

  it('lets those who claim wait for an item', async () => {
    const { queue } = scene;
    const second = scene.counting(scene.second);
    const claims = [queue.claim(), scene.queueOf(second.session).claim()];
    await eventually(() => second.lists() === 2);
    await queue.put(bytes('a'));
    const first = await Promise.race(claims);
    await queue.put(bytes('b'));
    const items = await Promise.all(claims);
    expect(items.map(({ data }) => data.toString()).sort()).toEqual(['a', 'b']);
    expect(items).toContain(first);
    await Promise.all(items.map((item) => item.acknowledge()));
  });

  it('leaves strangers among the items alone', async () => {
    await scene.first.ensurePath(`${scene.directory}/items/readme`);
    await scene.queue.put(bytes('a'));
    await (await scene.queue.claim()).acknowledge();
    expect((await scene.tree()).items).toEqual(['readme']);
  });

  it('takes items up to a size, and none beyond', async () => {
    const most = randomBytes(MAX_ITEM_BYTES);
    await scene.queue.put(most);
    const item = await scene.queue.claim();
    expect(item.data.equals(most)).toBe(true);
    await item.reject('too large for me');
    const [letter] = await scene.letters();
    expect(letter!.data.equals(most)).toBe(true);
  });

  it('puts an item once though the reply was lost', async () => {
    let lost = false;
    const session = replacing(scene.first, 'create', async (...args) => {
      const path = await scene.first.create(...args);
      if (lost) return path;
      lost = true;
      throw connectionLost(true);
    });
    await scene.first.ensurePath(`${scene.directory}/items`);
    const id = await scene.queueOf(session).put(bytes('a'));
    expect(lost).toBe(true);
    expect((await scene.tree()).items).toEqual([id]);
  });
});

describe('a claimed item', () => {
  it('is settled once, and its signals stay silent', async () => {
    await scene.queue.put(bytes('a'));
    const item = await scene.queue.claim();
    await item.acknowledge();
    expect(item.settled).toBe(true);
    await expect(item.acknowledge()).rejects.toMatchObject({ code: 'NOT_HELD' });
    // Neither is an error: what they ask for was overtaken.
    await item.retry('again');
    await item.reject('away');
    expect(await scene.tree()).toEqual({ items: [], claims: [], dead: [] });
    expect([item.doubt.aborted, item.lost.aborted]).toEqual([false, false]);
  });

  it('is acknowledged together with its effects, or not at all', async () => {
    await scene.queue.put(bytes('a'));
    const item = await scene.queue.claim();
    const effect = { op: 'create', path: `${scene.directory}/effect`, data: bytes('1') } as const;
    const refused = { op: 'remove', path: `${scene.directory}/nothing` } as const;
    await expect(item.acknowledge([effect, refused])).rejects.toMatchObject({ code: 'NO_NODE' });
    expect(item.settled).toBe(false);
    expect(await scene.first.exists(effect.path)).toBeUndefined();
    await item.acknowledge([effect]);
    expect((await scene.first.get(effect.path))?.data.toString()).toBe('1');
    expect((await scene.tree()).items).toEqual([]);
  });

  it('goes back for another attempt, and with the dead letters after its last', async () => {
    const queue = scene.queueOf(scene.first, { maxAttempts: 2 });
    const id = await queue.put(bytes('a'));
    const first = await queue.claim();
    await first.retry('not today');
    const second = await queue.claim();
    expect([second.id, second.attempt]).toEqual([id, 2]);
    expect(second.token > first.token).toBe(true);
    await second.retry('x'.repeat(1000));
    expect(await scene.tree()).toEqual({ items: [], claims: [], dead: [id] });
    expect(await scene.letters()).toEqual([{ id, data: bytes('a'), attempts: 2, reason: 'x'.repeat(500) }]);
  });

  it('that goes back after a delay is kept from everybody meanwhile, and is so sooner on a signal', async () => {
    await scene.queue.put(bytes('a'));
    const item = await scene.queue.claim();
    const enough = new AbortController();
    const back = item.retry('later', { afterMs: 60_000, signal: enough.signal });
    expect(item.settled).toBe(true);
    const second = scene.counting(scene.second);
    const next = scene.queueOf(second.session).claim();
    await eventually(() => second.lists() === 2);
    expect((await scene.tree()).claims).toHaveLength(1);
    enough.abort();
    await back;
    expect((await next).attempt).toBe(2);
    await (await next).acknowledge();

    await scene.queue.put(bytes('b'));
    await (await scene.queue.claim()).retry('later', { afterMs: 10 });
    const again = await scene.queue.claim();
    expect(again.attempt).toBe(2);
    await again.acknowledge();
  });

  it('is lost when somebody removes its claim, and then settles nothing', async () => {
    await scene.queue.put(bytes('a'));
    const item = await scene.queue.claim();
    await scene.second.remove(`${scene.directory}/claims/${item.id}`);
    const other = await scene.queueOf(scene.second).claim();
    expect([other.id, other.attempt]).toEqual([item.id, 2]);
    await expect(item.acknowledge()).rejects.toMatchObject({ name: 'CoordinationError', code: 'NOT_HELD' });
    expect((await scene.tree()).items).toEqual([item.id]);
    await other.acknowledge();
  });

  it('whose znode somebody removed leaves no claim behind', async () => {
    const id = await scene.queue.put(bytes('a'));
    let looks = 0;
    const late = replacing(scene.first, 'exists', async (path) => {
      if (path.endsWith(id) && (looks += 1) === 1) await scene.second.remove(path);
      return scene.first.exists(path);
    });
    const giveUp = new AbortController();
    const claiming = scene.queueOf(late).claim({ signal: giveUp.signal });
    await scene.eventuallyTree({ items: [], claims: [], dead: [] }, () => looks > 0);
    giveUp.abort('enough');
    await expect(claiming).rejects.toBe('enough');
  });
});

describe('dead letters', () => {
  const bury = async (data: string, reason = 'bad') => {
    await scene.queue.put(bytes(data));
    await (await scene.queue.claim()).reject(reason);
  };

  it('are read in order, put into the queue again, or thrown away', async () => {
    expect(await scene.letters()).toEqual([]);
    await bury('1', 'one');
    await bury('2', 'two');
    const [one, two] = await scene.letters();
    expect([one!.reason, one!.attempts, two!.reason]).toEqual(['one', 1, 'two']);
    await requeueDeadLetter(scene.first, scene.directory, one!);
    await expect(requeueDeadLetter(scene.second, scene.directory, one!)).rejects.toMatchObject({
      code: 'NO_NODE',
    });
    const item = await scene.queue.claim();
    expect([item.data.toString(), item.attempt]).toEqual(['1', 1]);
    await item.acknowledge();
    await discardDeadLetter(scene.first, scene.directory, two!);
    expect(await scene.tree()).toEqual({ items: [], claims: [], dead: [] });
  });

  it('are put back once though the reply was lost', async () => {
    await bury('1');
    const session = meddling(
      scene.first,
      () => Promise.resolve(),
      (attempt) => {
        if (attempt === 1) throw connectionLost(true);
      },
    );
    const [letter] = await scene.letters();
    await requeueDeadLetter(session, scene.directory, letter!);
    expect(await scene.queue.depth()).toEqual({ waiting: 1, claimed: 0, dead: 0 });
  });

  it('that somebody wrote by hand are told as they stand', async () => {
    await bury('1');
    const [letter] = await scene.letters();
    for (const why of ['no JSON', '{"attempts":1}']) {
      await scene.first.set(`${scene.directory}/dead/${letter!.id}/why`, bytes(why));
      expect(await readDeadLetters(scene.first, scene.directory)).toMatchObject([
        { attempts: NaN, reason: why },
      ]);
    }
    await scene.first.remove(`${scene.directory}/dead/${letter!.id}/why`);
    expect(await scene.letters()).toEqual([]);
  });
});

it('the end of the session ends a wait', async () => {
  const { session, lists } = scene.counting(await connect(scene.connectString));
  const claiming = scene.queueOf(session).claim();
  const outcome = expect(claiming).rejects.toMatchObject({ code: 'CLOSED' });
  await eventually(() => lists() === 2);
  await session[Symbol.asyncDispose]();
  await outcome;
});
