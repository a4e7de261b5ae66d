import { filter } from 'rxjs';
import { joinGroup } from '../../src/coordination/membership';
import { firstOf } from '../../src/coordination/waiting';
import { watchMembers } from '../../src/coordination/watch-members';
import { ZooKeeperError } from '../../src/errors';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { connectionLost, replacing } from '../support/meddling';
import { proxiedScene } from '../support/proxied-scene';
import { watching } from '../support/server-watches';

const scene = proxiedScene({ sessionTimeoutMs: 1000 }, ({ zookeeper }) => watching(zookeeper, 0));
afterEach(async () => {
  expect((await scene.other.children(scene.path))?.names ?? []).toEqual([]);
});

const text = (value: string) => Buffer.from(value);
const dataOf = async (name: string) => (await scene.other.get(`${scene.path}/${name}`))?.data.toString();

function members(session = scene.other) {
  const seen: string[] = [];
  const subscription = watchMembers(session, scene.path).subscribe((group) => {
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
    const ann = await joinGroup(scene.other, scene.path, 'ann', { data: text('1') });
    expect(await dataOf('ann')).toBe('1');
    const bob = await joinGroup(scene.through.session, scene.path, 'bob');
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
    const subscription = watchMembers(scene.other, scene.path).subscribe((group) => {
      const ann = group.get('ann');
      if (ann === undefined) return;
      joined.push(ann.joined);
      expect(Math.abs(ann.since - Date.now())).toBeLessThan(5000);
    });
    for (const turn of [1, 2]) {
      await using _ = await joinGroup(scene.other, scene.path, 'ann');
      await eventually(() => new Set(joined).size === turn);
    }
    expect([...joined].sort()).toEqual(joined);
    subscription.unsubscribe();
  });

  it('that is many updates late gets the last one', async () => {
    await using ann = await joinGroup(scene.through.session, scene.path, 'ann');
    await scene.through.proxy.refuse();
    await eventually(() => scene.through.names.includes('SUSPENDED'));
    for (let version = 0; version < 50; version += 1) ann.update(text(`${version}`));
    await scene.through.proxy.heal();
    await eventually(async () => (await dataOf('ann')) === '49');
  });

  it('comes back when somebody removed its znode, or wrote into it', async () => {
    await using _ = await joinGroup(scene.through.session, scene.path, 'ann', { data: text('1') });
    await scene.other.remove(`${scene.path}/ann`);
    await eventually(async () => (await dataOf('ann')) === '1');
    await scene.other.set(`${scene.path}/ann`, text('defaced'));
    await eventually(async () => (await dataOf('ann')) === '1');
  });

  it('comes back in the next session, and knows that it was away', async () => {
    const group = members();
    await using ann = await joinGroup(scene.through.session, scene.path, 'ann', { data: text('1') });
    const present: boolean[] = [];
    ann.present$.subscribe((is) => present.push(is));
    const before = (await scene.other.exists(`${scene.path}/ann`))?.czxid;
    await expireSession(scene.through.proxy);
    await eventually(() => present.length === 3);
    expect(present).toEqual([true, false, true]);
    expect((await scene.other.exists(`${scene.path}/ann`))!.czxid > before!).toBe(true);
    await group.now('ann=1');
    group.subscription.unsubscribe();
  });

  it('comes back when the server was killed', async () => {
    await using ann = await joinGroup(scene.through.session, scene.path, 'ann', { data: text('1') });
    await scene.zookeeper.server.kill('SIGKILL');
    await firstOf(ann.present$.pipe(filter((present) => !present)));
    await scene.zookeeper.server.restart();
    // In the old session or in a new one.
    await firstOf(ann.present$.pipe(filter((present) => present)));
    await scene.other.connected();
    expect(await dataOf('ann')).toBe('1');
  });

  it('takes the znode for its own whose making was not answered', async () => {
    let made: string | undefined;
    const session = replacing(scene.other, 'create', async (...args) => {
      await scene.other.create(...args);
      made = (await scene.other.exists(`${scene.path}/ann`))?.czxid;
      throw connectionLost(true);
    });
    await scene.other.ensurePath(scene.path);
    await using _ = await joinGroup(session, scene.path, 'ann');
    expect((await scene.other.exists(`${scene.path}/ann`))?.czxid).toBe(made);
  });

  it('leaves also while the connection is broken', async () => {
    const ann = await joinGroup(scene.through.session, scene.path, 'ann');
    scene.through.proxy.cut();
    await ann[Symbol.asyncDispose]();
    expect(await dataOf('ann')).toBeUndefined();
    const bob = await joinGroup(scene.through.session, scene.path, 'bob');
    await scene.through.proxy.refuse();
    // Without a connection its session ends it.
    await bob[Symbol.asyncDispose]();
    expect(scene.through.names.at(-1)).toBe('LOST');
    await eventually(async () => (await dataOf('bob')) === undefined);
    await scene.through.proxy.heal();
    await scene.through.session.connected();
  });
});

describe('leaving', () => {
  it('takes the znode away also when somebody writes into it at that moment', async () => {
    const session = replacing(scene.other, 'remove', async (...args) => {
      await scene.other.set(`${scene.path}/ann`, text('defaced'));
      await scene.other.remove(...args);
    });
    const ann = await joinGroup(session, scene.path, 'ann');
    await ann[Symbol.asyncDispose]();
    expect(await dataOf('ann')).toBeUndefined();
  });
});

describe('a name that another one holds', () => {
  it('is waited for, and is left alone when that is given up', async () => {
    const first = await joinGroup(scene.other, scene.path, 'ann', { data: text('first') });
    const giveUp = AbortSignal.timeout(50);
    await expect(
      joinGroup(scene.through.session, scene.path, 'ann', { signal: giveUp }),
    ).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const joining = joinGroup(scene.through.session, scene.path, 'ann', { data: text('second') });
    await watching(scene.zookeeper, 2);
    expect(await dataOf('ann')).toBe('first');
    await first[Symbol.asyncDispose]();
    await using _ = await joining;
    expect(await dataOf('ann')).toBe('second');
  });
});

describe('joining', () => {
  it('rejects with what the server refuses', async () => {
    const refused = new ZooKeeperError('NO_AUTH', 'refused', { mayHaveHappened: false, retryable: false });
    const session = replacing(scene.other, 'create', () => Promise.reject(refused));
    await expect(joinGroup(session, scene.path, 'ann')).rejects.toBe(refused);
  });

  it('is tried again when the directory is removed in the middle of it', async () => {
    let attempts = 0;
    const session = replacing(scene.other, 'create', async (...args) => {
      attempts += 1;
      // The second one is that which follows upon making the directory.
      if (attempts === 2) await scene.other.remove(scene.path);
      return scene.other.create(...args);
    });
    await using _ = await joinGroup(session, scene.path, 'ann', { data: text('1') });
    expect(await dataOf('ann')).toBe('1');
    expect(attempts).toBe(4);
  });

  it('ends with the session', async () => {
    const ann = await joinGroup(scene.other, scene.path, 'ann');
    const session = await connect(scene.zookeeper.connectString);
    const joining = joinGroup(session, scene.path, 'ann');
    const outcome = expect(joining).rejects.toMatchObject({ code: 'CLOSED' });
    const seen = members(session);
    await seen.now('ann=');
    await session[Symbol.asyncDispose]();
    await outcome;
    expect(seen.subscription.closed).toBe(true);
    await expect(joinGroup(session, scene.path, 'bob')).rejects.toMatchObject({ code: 'CLOSED' });
    await ann[Symbol.asyncDispose]();
  });
});
