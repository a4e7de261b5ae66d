import { openSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { connectionLost, meddling } from '../support/meddling';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { QueueScene } from './queue-scene';

let scene: QueueScene;
let through: SessionThroughProxy;
beforeAll(async () => {
  scene = await QueueScene.start();
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(async () => {
  scene.useFreshQueue();
  await Promise.all([scene.first.connected(), scene.second.connected()]);
  through = await openThroughProxy(scene.zookeeper, { sessionTimeoutMs: 1000 });
  await scene.queue.put(Buffer.from('a'));
});
afterEach(async () => {
  await through[Symbol.asyncDispose]();
  await scene.expectNoWatches();
});

const EMPTY = { items: [], claims: [], dead: [] };

describe('a worker', () => {
  it('that dies loses its claim, and what it says afterwards is refused', async () => {
    const item = await scene.queueOf(through.session).claim();
    await expireSession(through.proxy);
    const other = await scene.queue.claim();
    expect([other.id, other.attempt]).toEqual([item.id, 2]);
    expect(other.token > item.token).toBe(true);
    await through.session.connected();
    await expect(item.acknowledge()).rejects.toMatchObject({ code: 'NOT_HELD' });
    await item.retry('late');
    expect(await scene.tree()).toEqual({ items: [item.id], claims: [item.id], dead: [] });
    await other.acknowledge();
    expect(await scene.tree()).toEqual(EMPTY);
  });

  it('in a silent partition is told to stop before anybody else gets the item', async () => {
    const item = await scene.queueOf(through.session).claim();
    const events: string[] = [];
    for (const what of ['doubt', 'lost'] as const)
      item[what].addEventListener('abort', () => events.push(what));
    through.proxy.blackhole();
    const other = await scene.queue.claim();
    events.push('another claims');
    expect(events).toEqual(['doubt', 'lost', 'another claims']);
    await other.acknowledge();
    await through.proxy.heal();
  });

  it('holds on through a kill of the server', async () => {
    await using session = openSession({ connectString: scene.connectString, sessionTimeoutMs: 10_000 });
    const item = await scene.queueOf(session).claim();
    await scene.zookeeper.server.kill('SIGKILL');
    await eventually(() => item.doubt.aborted);
    const acknowledged = item.acknowledge();
    await scene.zookeeper.server.restart();
    await acknowledged;
    await scene.first.connected();
    expect(await scene.tree()).toEqual(EMPTY);
  });

  it('that has the last attempt and dies leaves a dead letter', async () => {
    const options = { maxAttempts: 1 };
    const item = await scene.queueOf(through.session, options).claim();
    const giveUp = new AbortController();
    const waiting = scene.queueOf(scene.first, options).claim({ signal: giveUp.signal });
    await expireSession(through.proxy);
    await scene.eventuallyTree({ items: [], claims: [], dead: [item.id] });
    expect(await scene.letters()).toMatchObject([
      { id: item.id, attempts: 1, reason: expect.stringMatching(/was lost/) as unknown },
    ]);
    giveUp.abort('enough');
    await expect(waiting).rejects.toBe('enough');
  });

  it('that gives an item back while it is cut off has lost it, or has given it back', async () => {
    for (const end of ['healed', 'lost'] as const) {
      const item = await scene.queueOf(through.session).claim();
      through.proxy.blackhole();
      const back = item.retry('later', { afterMs: 1 });
      if (end === 'healed') await through.proxy.heal();
      await back;
      const again = await scene.queue.claim();
      expect(again.attempt).toBe(item.attempt + 1);
      await again.retry('for the next turn');
      await through.proxy.heal();
      await through.session.connected();
    }
  });
});

describe('an acknowledgement that was refused for the operations of its caller', () => {
  /** An item claimed by the session that tests break, of which an acknowledgement has just been refused. */
  const refused = async () => {
    const path = `${scene.directory}/effect`;
    await scene.first.create(path);
    const item = await scene.queueOf(through.session).claim();
    const acknowledged = item.acknowledge([{ op: 'create', path, data: Buffer.from('') }]);
    await expect(acknowledged).rejects.toMatchObject({ code: 'NODE_EXISTS', outcome: { path } });
    expect([item.settled, item.doubt.aborted, item.lost.aborted]).toEqual([false, false, false]);
    return item;
  };

  it('leaves the claim as it was, and it can be settled without a word of loss', async () => {
    const item = await refused();
    await item.acknowledge();
    expect(await scene.tree()).toEqual(EMPTY);
    expect([item.doubt.aborted, item.lost.aborted]).toEqual([false, false]);
  });

  it('leaves it to hear when its session is lost', async () => {
    const item = await refused();
    await expireSession(through.proxy);
    await eventually(() => item.doubt.aborted && item.lost.aborted);
    await expect(item.acknowledge()).rejects.toMatchObject({ code: 'NOT_HELD' });
    const other = await scene.queue.claim();
    await other.acknowledge();
  });

  it('leaves it to hear when somebody removes the claim', async () => {
    const item = await refused();
    await scene.first.remove(`${scene.directory}/claims/${item.id}`);
    await eventually(() => item.lost.aborted);
    const other = await scene.queue.claim();
    await other.acknowledge();
  });
});

describe('a reply that was lost', () => {
  const QUIET = () => Promise.resolve();
  const losing = (which: number) =>
    meddling(scene.first, QUIET, (attempt) => {
      if (attempt === which) throw connectionLost(true);
    });

  it('to a claim makes no second attempt', async () => {
    await scene.first.ensurePath(`${scene.directory}/claims`);
    const item = await scene.queueOf(losing(1)).claim();
    expect(item.attempt).toBe(1);
    await item.acknowledge();
  });

  it('to an acknowledgement is no failure', async () => {
    await scene.first.ensurePath(`${scene.directory}/claims`);
    const item = await scene.queueOf(losing(2)).claim();
    await item.acknowledge([{ op: 'create', path: `${scene.directory}/effect`, data: Buffer.from('') }]);
    expect(await scene.tree()).toEqual(EMPTY);
    expect(item.lost.aborted).toBe(false);
  });

  it('to a retry or a rejection is none either', async () => {
    await scene.first.ensurePath(`${scene.directory}/claims`);
    const item = await scene.queueOf(losing(2)).claim();
    await item.retry('again');
    await scene.first.ensurePath(`${scene.directory}/dead`);
    const again = await scene.queueOf(losing(2)).claim();
    await again.reject('bad');
    expect(await scene.letters()).toMatchObject([{ attempts: 2, reason: 'bad' }]);
  });

  it('with the connection: what was done is found in the same session', async () => {
    const item = await scene.queueOf(through.session).claim();
    through.proxy.blackhole('toClient');
    const acknowledged = item.acknowledge();
    await scene.eventuallyTree(EMPTY);
    through.proxy.cut();
    await through.proxy.heal();
    await acknowledged;
    expect([item.doubt.aborted, item.lost.aborted]).toEqual([false, false]);
  });

  it('to a put, whose item is done before the client is back, makes a second item with an id of its own', async () => {
    await (await scene.queue.claim()).acknowledge();
    through.proxy.blackhole('toClient');
    const put = scene.queueOf(through.session).put(Buffer.from('b'));
    const first = await scene.queue.claim();
    await first.acknowledge();
    through.proxy.cut();
    await through.proxy.heal();
    const id = await put;
    expect(await scene.tree()).toEqual({ items: [id], claims: [], dead: [] });
    const second = await scene.queue.claim();
    await second.acknowledge();
    expect([first, second].map(({ data }) => data.toString())).toEqual(['b', 'b']);
    expect(second.id).not.toBe(first.id);
  });
});

describe('a wait that is given up', () => {
  it('rejects with the reason of the signal and leaves neither znode nor watch', async () => {
    const held = await scene.queue.claim();
    const giveUp = new AbortController();
    const { session, lists } = scene.counting(scene.second);
    const waiting = scene.queueOf(session).claim({ signal: giveUp.signal });
    await eventually(() => lists() === 2);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(lists()).toBe(0);
    expect((await scene.tree()).claims).toEqual([held.id]);
    await held.acknowledge();
    const deadline = scene.queue.claim({ signal: AbortSignal.timeout(30) });
    await expect(deadline).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await scene.tree()).toEqual(EMPTY);
  });

  it('at any moment leaves no claim', async () => {
    const queue = scene.queueOf(scene.second, { maxAttempts: 100 });
    for (let turns = 0; turns < 40; turns += 1) {
      const giveUp = new AbortController();
      const claiming = queue.claim({ signal: giveUp.signal }).catch((error: unknown) => error);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      giveUp.abort('given up');
      const outcome = await claiming;
      if (outcome !== 'given up') await (outcome as Awaited<ReturnType<typeof queue.claim>>).retry('again');
    }
    await eventually(async () => (await scene.tree()).claims.length === 0);
    const item = await scene.queueOf(scene.first, { maxAttempts: 100 }).claim();
    await item.acknowledge();
  });

  it('in a silent partition is rejected at once, and its claim goes when that is over', async () => {
    await scene.first.ensurePath(`${scene.directory}/claims`);
    const giveUp = new AbortController();
    const claiming = scene
      .queueOf(
        meddling(through.session, () => {
          through.proxy.blackhole('toClient');
          return Promise.resolve();
        }),
      )
      .claim({ signal: giveUp.signal });
    await eventually(async () => (await scene.tree()).claims.length === 1);
    giveUp.abort('enough');
    await expect(claiming).rejects.toBe('enough');
    through.proxy.cut();
    await through.proxy.heal();
    await eventually(async () => (await scene.tree()).claims.length === 0);
    const item = await scene.queue.claim();
    expect(item.attempt).toBe(2);
    await item.acknowledge();
  });
});
