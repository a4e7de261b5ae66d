import { fourLetterWord } from '../../src/embedded/loopback-port';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { dataTold, namesTold } from '../support/told';
import { startTestZooKeeper, TEST_SESSION_TIMEOUT_MS, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
/** Another client, whose connection is never broken. */
let other: ZooKeeperSession;
let through: SessionThroughProxy;
let session: ZooKeeperSession;
let path: string;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  other = openSession({
    connectString: zookeeper.connectString,
    sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
  });
  await other.connected();
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  through = await openThroughProxy(zookeeper);
  session = through.session;
  path = `/test-${++count}`;
});
afterEach(async () => {
  await through[Symbol.asyncDispose]();
});

/** Watches that the server holds for all its clients. */
async function watchesOnServer(): Promise<number> {
  const answer = await fourLetterWord(zookeeper.server.port, 'mntr', 2000);
  return Number(/zk_watch_count\s+(\d+)/.exec(answer)?.[1]);
}

describe('watchData', () => {
  it('tells the absence, the creation, each change, the removal and the new creation', async () => {
    const { seen } = dataTold(session, path);
    await eventually(() => seen.length === 1);
    const steps: (() => Promise<unknown>)[] = [
      () => other.create(path, Buffer.from('1')),
      () => other.set(path, Buffer.from('2')),
      () => other.set(path, Buffer.from('2')),
      () => other.remove(path),
      () => other.create(path, Buffer.from('1')),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      await eventually(() => seen.length === index + 2);
    }
    expect(seen).toEqual([undefined, '1', '2', '2', undefined, '1']);
  });

  it('tells the present value first', async () => {
    await other.create(path, Buffer.from('there'));
    const { seen } = dataTold(session, path);
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['there']);
  });

  it('tells the last of many quick changes, and never goes back', async () => {
    await other.create(path, Buffer.from('0'));
    const { seen } = dataTold(session, path);
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => other.set(path, Buffer.from(`${index + 1}`))),
    );
    await eventually(() => seen.at(-1) === '500');
    const numbers = seen.map(Number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it('tells a node created anew though its version counts from 0 again', async () => {
    await other.create(path, Buffer.from('same'));
    const { seen } = dataTold(session, path);
    await eventually(() => seen.length === 1);
    await other.multi([
      { op: 'remove', path },
      { op: 'create', path, data: Buffer.from('same') },
    ]);
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(['same', 'same']);
  });

  it('does not tell what happens to the children', async () => {
    await other.create(path);
    const { seen } = dataTold(session, path);
    await eventually(() => seen.length === 1);
    await other.create(`${path}/child`);
    await other.set(path, Buffer.from('after'));
    await eventually(() => seen.at(-1) === 'after');
    expect(seen).toEqual(['', 'after']);
  });
});

describe('watchChildren', () => {
  it('tells the absence, the children as they come and go, and the removal', async () => {
    const { seen } = namesTold(session, path);
    await eventually(() => seen.length === 1);
    const steps: (() => Promise<unknown>)[] = [
      () => other.create(path),
      () => other.create(`${path}/b`),
      () => other.create(`${path}/a`),
      () => other.remove(`${path}/b`),
      () => other.remove(`${path}/a`),
      () => other.remove(path),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      await eventually(() => seen.length === index + 2);
    }
    expect(seen).toEqual([undefined, '', 'b', 'a b', 'a', '', undefined]);
  });

  it('does not tell what happens to the data', async () => {
    await other.create(path);
    const { seen } = namesTold(session, path);
    await eventually(() => seen.length === 1);
    await other.set(path, Buffer.from('x'));
    await other.set(path, Buffer.from('y'));
    await other.create(`${path}/a`);
    await eventually(() => seen.at(-1) === 'a');
    expect(seen).toEqual(['', 'a']);
  });
});

describe('many subscribers', () => {
  it('share one watch, and late ones get the latest at once', async () => {
    await other.create(path, Buffer.from('1'));
    const before = await watchesOnServer();
    const all = Array.from({ length: 1000 }, () => dataTold(session, path));
    await eventually(() => all.every(({ seen }) => seen.length === 1));
    expect(await watchesOnServer()).toBe(before + 1);
    const late = dataTold(session, path);
    expect(late.seen).toEqual(['1']);
    await other.set(path, Buffer.from('2'));
    await eventually(() => [...all, late].every(({ seen }) => seen.at(-1) === '2'));
    expect(await watchesOnServer()).toBe(before + 1);
    for (const { subscription } of all) subscription.unsubscribe();
    await other.set(path, Buffer.from('3'));
    await eventually(() => late.seen.at(-1) === '3');
    late.subscription.unsubscribe();
    await eventually(watchesOnServer, (watches) => watches === before);
    expect(all[0]?.seen).toEqual(['1', '2']);
  });

  it('leave nothing behind, whatever they watched', async () => {
    const before = await watchesOnServer();
    const absent = [dataTold(session, path), namesTold(session, path)];
    await eventually(() => absent.every(({ seen }) => seen.length === 1));
    expect(await watchesOnServer()).toBe(before + 1); // Both look for the same node.
    await other.create(path);
    await eventually(() => absent.every(({ seen }) => seen.length === 2));
    expect(await watchesOnServer()).toBe(before + 2);
    for (const { subscription } of absent) subscription.unsubscribe();
    await eventually(watchesOnServer, (watches) => watches === before);
  });

  it('leave nothing behind when they go while the node is being read', async () => {
    const before = await watchesOnServer();
    for (let round = 0; round < 50; round += 1) {
      dataTold(session, `${path}-${round}`).subscription.unsubscribe();
      const child = namesTold(session, `${path}-${round}`);
      await Promise.resolve();
      child.subscription.unsubscribe();
    }
    // By the first the reads are answered and the looks for the node are out, by the second these are answered.
    await session.sync('/');
    await session.sync('/');
    await eventually(watchesOnServer, (watches) => watches === before);
  });

  it('of one kind go without harm to those of the other', async () => {
    const [first, second] = [dataTold(session, path), namesTold(session, path)];
    await eventually(() => first.seen.length === 1 && second.seen.length === 1);
    first.subscription.unsubscribe();
    await session.sync('/');
    await other.create(path);
    await eventually(() => second.seen.length === 2);
    const third = dataTold(session, path);
    await eventually(() => third.seen.length === 1);
    second.subscription.unsubscribe();
    await session.sync('/');
    await other.set(path, Buffer.from('2'));
    await eventually(() => third.seen.at(-1) === '2');
  });

  it('can come back after the last one has gone', async () => {
    await other.create(path, Buffer.from('1'));
    const watch$ = session.watchData(path);
    for (const value of ['2', '3', '4']) {
      const seen: unknown[] = [];
      const subscription = watch$.subscribe(({ node }) => seen.push(node?.data.toString()));
      await eventually(() => seen.length > 0);
      await other.set(path, Buffer.from(value));
      await eventually(() => seen.at(-1) === value);
      subscription.unsubscribe();
    }
  });
});
