import { filter } from 'rxjs';
import { joinGroup } from '../../src/coordination/membership';
import { firstOf } from '../../src/coordination/waiting';
import { watchMembers } from '../../src/coordination/watch-members';
import { ZooKeeperError } from '../../src/errors';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { connectionLost, replacing } from '../support/meddling';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { watching } from '../support/watched-paths';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let other: ZooKeeperSession;
let through: SessionThroughProxy;
let directory: string;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  other = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  directory = `/groups/test-${++count}`;
  await other.connected();
  through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 });
});
afterEach(async () => {
  await watching(zookeeper, 0);
  await through[Symbol.asyncDispose]();
  expect((await other.children(directory))?.names ?? []).toEqual([]);
});

const text = (value: string) => Buffer.from(value);
const dataOf = async (name: string) => (await other.get(`${directory}/${name}`))?.data.toString();

function members(session = other) {
  const seen: string[] = [];
  const subscription = watchMembers(session, directory).subscribe((group) => {
    seen.push(
      [...group]
        .map(([name, { data }]) => `${name}=${data.toString()}`)
        .sort()
        .join(' '),
    );
  });
  return { seen, now: (wanted: string) => eventually(() => seen.at(-1) === wanted), subscription };
}

describe('a member', () => {
  it('is seen with its data once it has joined, until it leaves', async () => {
    const group = members();
    await group.now('');
    const ann = await joinGroup(other, directory, 'ann', { data: text('1') });
    expect(await dataOf('ann')).toBe('1');
    const bob = await joinGroup(through.session, directory, 'bob');
    await group.now('ann=1 bob=');
    bob.update(text('2'));
    ann.update(text('3'));
    await group.now('ann=3 bob=2');
    await ann[Symbol.asyncDispose]();
    expect(await dataOf('ann')).toBeUndefined();
    await group.now('bob=2');
    await bob[Symbol.asyncDispose]();
    await bob[Symbol.asyncDispose]();
    await group.now('');
    group.subscription.unsubscribe();
  });

  it('tells when it joined, by another zxid each time', async () => {
    const joined: (string | undefined)[] = [];
    const subscription = watchMembers(other, directory).subscribe((group) => {
      const ann = group.get('ann');
      if (ann === undefined) return;
      joined.push(ann.joined);
      expect(Math.abs(ann.since - Date.now())).toBeLessThan(5000);
    });
    for (const turn of [1, 2]) {
      await using _ = await joinGroup(other, directory, 'ann');
      await eventually(() => new Set(joined).size === turn);
    }
    expect([...joined].sort()).toEqual(joined);
    subscription.unsubscribe();
  });

  it('that is many updates late gets the last one', async () => {
    await using ann = await joinGroup(through.session, directory, 'ann');
    await through.proxy.refuse();
    await eventually(() => through.names.includes('SUSPENDED'));
    for (let version = 0; version < 50; version += 1) ann.update(text(`${version}`));
    await through.proxy.heal();
    await eventually(async () => (await dataOf('ann')) === '49');
  });

  it('comes back when somebody removed its znode, or wrote into it', async () => {
    await using _ = await joinGroup(through.session, directory, 'ann', { data: text('1') });
    await other.remove(`${directory}/ann`);
    await eventually(async () => (await dataOf('ann')) === '1');
    await other.set(`${directory}/ann`, text('defaced'));
    await eventually(async () => (await dataOf('ann')) === '1');
  });

  it('comes back in the next session, and knows that it was away', async () => {
    const group = members();
    await using ann = await joinGroup(through.session, directory, 'ann', { data: text('1') });
    const present: boolean[] = [];
    ann.present$.subscribe((is) => present.push(is));
    const before = (await other.exists(`${directory}/ann`))?.czxid;
    await expireSession(through.proxy);
    await eventually(() => present.length === 3);
    expect(present).toEqual([true, false, true]);
    expect((await other.exists(`${directory}/ann`))!.czxid > before!).toBe(true);
    await group.now('ann=1');
    group.subscription.unsubscribe();
  });

  it('comes back when the server was killed', async () => {
    await using ann = await joinGroup(through.session, directory, 'ann', { data: text('1') });
    await zookeeper.server.kill('SIGKILL');
    await firstOf(ann.present$.pipe(filter((present) => !present)));
    await zookeeper.server.restart();
    // In the old session or in a new one.
    await firstOf(ann.present$.pipe(filter((present) => present)));
    await other.connected();
    expect(await dataOf('ann')).toBe('1');
  });

  it('takes the znode for its own whose making was not answered', async () => {
    let made: string | undefined;
    const session = replacing(other, 'create', async (...args) => {
      await other.create(...args);
      made = (await other.exists(`${directory}/ann`))?.czxid;
      throw connectionLost(true);
    });
    await other.ensurePath(directory);
    await using _ = await joinGroup(session, directory, 'ann');
    expect((await other.exists(`${directory}/ann`))?.czxid).toBe(made);
  });

  it('leaves also while the connection is broken', async () => {
    const ann = await joinGroup(through.session, directory, 'ann');
    through.proxy.cut();
    await ann[Symbol.asyncDispose]();
    expect(await dataOf('ann')).toBeUndefined();
    const bob = await joinGroup(through.session, directory, 'bob');
    await through.proxy.refuse();
    // Without a connection its session ends it.
    await bob[Symbol.asyncDispose]();
    expect(through.names.at(-1)).toBe('LOST');
    await eventually(async () => (await dataOf('bob')) === undefined);
    await through.proxy.heal();
    await through.session.connected();
  });
});

describe('leaving', () => {
  it('takes the znode away also when somebody writes into it at that moment', async () => {
    const session = replacing(other, 'remove', async (...args) => {
      await other.set(`${directory}/ann`, text('defaced'));
      await other.remove(...args);
    });
    const ann = await joinGroup(session, directory, 'ann');
    await ann[Symbol.asyncDispose]();
    expect(await dataOf('ann')).toBeUndefined();
  });
});

describe('a name that another one holds', () => {
  it('is waited for, and is left alone when that is given up', async () => {
    const first = await joinGroup(other, directory, 'ann', { data: text('first') });
    const giveUp = AbortSignal.timeout(50);
    await expect(joinGroup(through.session, directory, 'ann', { signal: giveUp })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const joining = joinGroup(through.session, directory, 'ann', { data: text('second') });
    await watching(zookeeper, 2);
    expect(await dataOf('ann')).toBe('first');
    await first[Symbol.asyncDispose]();
    await using _ = await joining;
    expect(await dataOf('ann')).toBe('second');
  });
});

describe('joining', () => {
  it('rejects with what the server refuses', async () => {
    const refused = new ZooKeeperError('NO_AUTH', 'refused', { mayHaveHappened: false, retryable: false });
    const session = replacing(other, 'create', () => Promise.reject(refused));
    await expect(joinGroup(session, directory, 'ann')).rejects.toBe(refused);
  });

  it('refuses a name with a slash', async () => {
    const path = `${directory}/a/b`;
    await expect(joinGroup(other, directory, 'a/b')).rejects.toMatchObject({
      code: 'BAD_ARGUMENTS',
      outcome: { path },
    });
  });

  it('is tried again when the directory is removed in the middle of it', async () => {
    let attempts = 0;
    const session = replacing(other, 'create', async (...args) => {
      attempts += 1;
      // The second one is that which follows upon making the directory.
      if (attempts === 2) await other.remove(directory);
      return other.create(...args);
    });
    await using _ = await joinGroup(session, directory, 'ann', { data: text('1') });
    expect(await dataOf('ann')).toBe('1');
    expect(attempts).toBe(4);
  });

  it('ends with the session', async () => {
    const ann = await joinGroup(other, directory, 'ann');
    const session = await connect(zookeeper.connectString);
    const joining = joinGroup(session, directory, 'ann');
    const outcome = expect(joining).rejects.toMatchObject({ code: 'CLOSED' });
    const seen = members(session);
    await seen.now('ann=');
    await session[Symbol.asyncDispose]();
    await outcome;
    expect(seen.subscription.closed).toBe(true);
    await expect(joinGroup(session, directory, 'bob')).rejects.toMatchObject({ code: 'CLOSED' });
    await ann[Symbol.asyncDispose]();
  });
});
