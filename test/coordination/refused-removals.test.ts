import { lastValueFrom } from 'rxjs';
import { parseAcl } from '../../src/acl';
import { Counter } from '../../src/coordination/counter';
import { enterBarrier } from '../../src/coordination/double-barrier';
import { startCandidacy } from '../../src/coordination/leader-election';
import { acquireLock } from '../../src/coordination/lock';
import { joinGroup } from '../../src/coordination/membership';
import { WorkQueue } from '../../src/coordination/work-queue';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { ANN, BOB, connectAs, digestId } from '../support/identities';
import { logged } from '../support/logged';
import { replacing } from '../support/meddling';
import { setAcl } from '../support/set-acl';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const OPEN = parseAcl('world:anyone:cdrwa');
/** Bob may do anything but delete. */
const NO_DELETING = parseAcl(`auth::cdrwa,digest:${digestId(BOB)}:crw`);
const LEFT_BEHIND = /^a znode that was to be removed is left behind/;

let zookeeper: ZooKeeperPlace;
let ann: ZooKeeperSession;
let bob: ZooKeeperSession;
let bobs: ReturnType<typeof logged>;
let directory: string;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  ann = await connectAs(zookeeper, ANN, { acl: NO_DELETING });
});
afterAll(async () => {
  await ann[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  bobs = logged();
  bob = await connectAs(zookeeper, BOB, { acl: OPEN, log: bobs.log });
  directory = `/refused-${++count}`;
  for (const name of ['', '/items', '/claims']) await ann.ensurePath(directory + name);
});
afterEach(async () => {
  await bob[Symbol.asyncDispose]();
});

const missing = (path = directory) => `that takes the right to delete children (d) on ${path}`;
const told = () => bobs.lines.filter(({ msg }) => LEFT_BEHIND.test(String(msg)));
const names = async (path = directory) => (await ann.children(path))?.names ?? [];

describe('a counter whose receipts may not be deleted', () => {
  it('is refused before anything is written, naming the znode and the right', async () => {
    const path = `${directory}/items`;
    for (const counting of [new Counter(bob, path).add(1n), new Counter(bob, path).exchange(5n)]) {
      await expect(counting).rejects.toMatchObject({
        code: 'NO_AUTH',
        message: expect.stringContaining(missing(path)) as string,
      });
    }
    expect((await ann.exists(path))?.version).toBe(0);
    expect(await names(path)).toEqual([]);
    expect(told()).toEqual([]);
  });

  it('since the right was taken in the middle, has counted, and the log tells of the receipt', async () => {
    const path = `${directory}/count`;
    await bob.create(path);
    const overtaken = replacing(bob, 'multi', async (ops) => {
      await bob.multi(ops);
      await setAcl(zookeeper.port, ANN, zookeeper.chroot + path, parseAcl('world:anyone:crwa'));
    });
    expect(await new Counter(overtaken, path).add(1n)).toBe(1n);
    const [receipt] = await names(path);
    await eventually(() => told().length === 1);
    expect(told()).toMatchObject([
      {
        level: 'warn',
        path: `${path}/${receipt ?? ''}`,
        why: expect.stringContaining(missing(path)) as string,
      },
    ]);
    expect(await names(path)).toHaveLength(1);
  });

  it('since the session was closed in the middle, is told of as well', async () => {
    const path = `${directory}/count`;
    await bob.create(path);
    const closing = replacing(bob, 'remove', async (...args) => {
      await bob[Symbol.asyncDispose]();
      await bob.remove(...args);
    });
    expect(await new Counter(closing, path).add(1n)).toBe(1n);
    await eventually(() => told().length === 1);
    expect(told()).toMatchObject([{ path: `${path}/${(await names(path))[0] ?? ''}` }]);
  });
});

type Wait = (session: ZooKeeperSession, signal: AbortSignal) => Promise<unknown>;

/** Bob's wait; it is given up when his znode is there, which is below `directory + at`. */
const WAITS: readonly (readonly [what: string, at: string, wait: Wait])[] = [
  ['lock', '', (session, signal) => acquireLock(session, directory, { signal })],
  ['barrier', '', (session, signal) => enterBarrier(session, directory, 2, { signal })],
  ['group', '', (session, signal) => joinGroup(session, directory, 'bob', { signal })],
  ['claim', '/claims', (session, signal) => new WorkQueue(session, directory).claim({ signal })],
];

/** Gives up as soon as the server has made a znode. */
async function giveUp(wait: Wait): Promise<void> {
  const patience = new AbortController();
  const impatient = replacing(
    replacing(bob, 'multi', async (ops) => {
      await bob.multi(ops);
      patience.abort();
    }),
    'create',
    async (...args) => {
      const path = await bob.create(...args);
      patience.abort();
      return path;
    },
  );
  const over: unknown = await wait(impatient, patience.signal).catch((error: unknown) => error);
  expect([patience.signal.aborted, over]).toEqual([true, patience.signal.reason]);
}

describe('a wait that was given up by one who may not delete', () => {
  it.each(WAITS)('for a %s is told of, and its znode goes with the session', async (_, at, wait) => {
    const path = directory + at;
    if (at !== '') await new WorkQueue(ann, directory).put(Buffer.from('work'));
    await giveUp(wait);
    await eventually(() => told().length === 1);
    const [name] = (await names(path)).filter((child) => child !== 'items' && child !== 'claims');
    expect(told()).toMatchObject([
      { path: `${path}/${name ?? ''}`, why: expect.stringContaining(missing(path)) as string },
    ]);
    await bob[Symbol.asyncDispose]();
    expect(await ann.exists(`${path}/${name ?? ''}`)).toBeUndefined();
    expect(told()).toHaveLength(1);
  });

  it('is told of once for each directory', async () => {
    const patient = async (): Promise<void> => {
      const before = (await names()).length;
      const patience = new AbortController();
      const waiting = acquireLock(bob, directory, { signal: patience.signal });
      await eventually(async () => (await names()).length > before);
      patience.abort();
      await expect(waiting).rejects.toBe(patience.signal.reason);
    };
    await using held = await acquireLock(ann, directory);
    expect(held.state).toBe('HELD');
    for (let waits = 3; waits > 0; waits -= 1) await patient();
    await eventually(() => told().length > 0);
    // Answered after all that was asked before.
    await bob.sync(directory);
    expect(told()).toHaveLength(1);
  });

  it('becomes a warning of the process where there is no log', async () => {
    const warned: string[] = [];
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation((words) => {
      warned.push(String(words));
    });
    await bob[Symbol.asyncDispose]();
    bob = await connectAs(zookeeper, BOB, { acl: OPEN });
    await giveUp((session, signal) => acquireLock(session, directory, { signal }));
    await eventually(() => warned.length > 0);
    emitWarning.mockRestore();
    expect(warned).toEqual([expect.stringContaining(missing())]);
  });
});

describe('one who leads and may not delete', () => {
  it('hears so as it resigns: nobody else leads until its session ends', async () => {
    const candidacy = startCandidacy(bob, directory);
    await eventually(() => candidacy.leadership.role === 'LEADER');
    const refused = { code: 'NO_AUTH', message: expect.stringContaining(missing()) as string };
    await expect(candidacy[Symbol.asyncDispose]()).rejects.toMatchObject(refused);
    await expect(lastValueFrom(candidacy.leadership$, { defaultValue: 'completed' })).rejects.toMatchObject(
      refused,
    );
    expect(candidacy.leadership.role).toBe('RESIGNED');
  });
});
