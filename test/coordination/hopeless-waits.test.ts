import { lastValueFrom, type Observable } from 'rxjs';
import { parseAcl } from '../../src/acl';
import { startClock } from '../../src/coordination/clock';
import { consume } from '../../src/coordination/consume';
import { Counter } from '../../src/coordination/counter';
import { enterBarrier } from '../../src/coordination/double-barrier';
import { startCandidacy } from '../../src/coordination/leader-election';
import { acquireLock } from '../../src/coordination/lock';
import { joinGroup } from '../../src/coordination/membership';
import { watchLeader } from '../../src/coordination/watch-leader';
import { watchMembers } from '../../src/coordination/watch-members';
import { WorkQueue } from '../../src/coordination/work-queue';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { ANN, BOB, connectAs } from '../support/identities';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { setAcl } from '../support/set-acl';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const SECRET = parseAcl('auth::cdrwa');
const OPEN = parseAcl('world:anyone:cdrwa');

let zookeeper: TestZooKeeper;
let ann: ZooKeeperSession;
let bob: ZooKeeperSession;
let through: SessionThroughProxy;
/** What bob's session proves itself with at each connect. */
let auth: { scheme: string; credentials: string };
let directory: string;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
});
afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  directory = `/hopeless-${++count}`;
  auth = { scheme: 'digest', credentials: BOB };
  through = await openThroughProxy(zookeeper, { auth, acl: OPEN });
  bob = through.session;
  await bob.ensurePath(directory);
});
afterEach(async () => {
  await through[Symbol.asyncDispose]();
  await ann[Symbol.asyncDispose]();
});

/** What bob waits for, and how ann sees to it that it does not come. */
type Wait = readonly [what: string, prepare: () => Promise<unknown>, wait: () => Promise<unknown>];

const last = (told$: Observable<unknown>) => lastValueFrom(told$, { defaultValue: 'completed' });
const annLeads = async () => {
  const candidacy = startCandidacy(ann, directory);
  await eventually(() => candidacy.leadership.role === 'LEADER');
};
const passBoth = () => Promise.all([enterBarrier(bob, directory, 2), enterBarrier(ann, directory, 2)]);

/** For what a znode of ann's stands for. */
const FOR_ANN: readonly Wait[] = [
  ['a lock', () => acquireLock(ann, directory), () => acquireLock(bob, directory)],
  ['leadership', annLeads, () => last(startCandidacy(bob, directory).leadership$)],
  ['the next leader', annLeads, () => last(watchLeader(bob, directory))],
  ['the end of a round', () => enterBarrier(ann, directory, 1), () => enterBarrier(bob, directory, 1)],
  ['the others to leave', () => Promise.resolve(), async () => (await passBoth())[0].leave()],
  ['a name', () => joinGroup(ann, directory, 'ann'), () => joinGroup(bob, directory, 'ann')],
  ['members', () => joinGroup(ann, directory, 'ann'), () => last(watchMembers(bob, directory))],
];

const emptyQueue = () => bob.ensurePath(`${directory}/items`);
const queue = () => new WorkQueue(bob, directory);

/** For what somebody else may write, to the znode that is named last. */
const FOR_ANYBODY: readonly (readonly [...Wait, secret: string])[] = [
  ['an item', emptyQueue, () => queue().claim(), '/items'],
  ['items to consume', emptyQueue, () => consume(queue(), () => Promise.resolve()), '/items'],
  ['another count', () => Promise.resolve(), () => last(new Counter(bob, directory).value$), ''],
  ['participants', () => Promise.resolve(), () => enterBarrier(bob, directory, 2), ''],
  ['a first member', () => Promise.resolve(), () => last(watchMembers(bob, directory)), ''],
];

const CLOCK: Wait = [
  'a time',
  () => Promise.resolve(),
  async () => {
    const clock = await startClock(bob, directory, { everyMs: 600_000 });
    await clock.until(clock.now().time + 600_000);
  },
];

/** What `wait` rejects with, once it does, which has to be soon; and what it has resolved with otherwise. */
function ending(wait: () => Promise<unknown>): () => Promise<unknown> {
  const ended: unknown[] = [];
  wait().then(
    (value) => ended.push(['it resolved', value]),
    (error: unknown) => ended.push(error),
  );
  return async () => {
    const [end] = await eventually(
      () => ended,
      ({ length }) => length > 0,
      5000,
    );
    return end;
  };
}

/** Nothing is looked at any more. */
const letGo = () => eventually(() => bob.watchFigures.watched === 0);
const settled = () =>
  eventually(
    () => bob.watchFigures.watched > 0 && bob.watchFigures.stale === 0 && bob.state.name === 'CONNECTED',
  );

describe('when the credentials are refused at a reconnect', () => {
  it.each<Wait>([...FOR_ANN, ...FOR_ANYBODY.map(([...wait]) => wait.slice(0, 3) as unknown as Wait)])(
    'a wait for %s ends with AUTH_FAILED',
    async (_, prepare, wait) => {
      ann = await connectAs(zookeeper, ANN);
      await prepare();
      const end = ending(wait);
      await settled();
      auth.scheme = 'nonesuch';
      through.proxy.cut();
      expect(await end()).toMatchObject({ code: 'AUTH_FAILED', outcome: { retryable: false } });
      await letGo();
    },
  );

  it('a wait for a time ends with AUTH_FAILED', async () => {
    ann = await connectAs(zookeeper, ANN);
    const end = ending(CLOCK[2]);
    await eventually(async () => ((await ann.exists(directory))?.version ?? 0) >= 8);
    auth.scheme = 'nonesuch';
    through.proxy.cut();
    expect(await end()).toMatchObject({ code: 'AUTH_FAILED' });
  });
});

describe('when the right to read is missing', () => {
  it.each(FOR_ANN)('a wait for %s ends with NO_AUTH', async (_, prepare, wait) => {
    ann = await connectAs(zookeeper, ANN, { acl: SECRET });
    await prepare();
    expect(await ending(wait)()).toMatchObject({
      code: 'NO_AUTH',
      message: expect.stringContaining(`that takes the right to read (r) on ${directory}/`) as string,
    });
    await letGo();
    expect(bob.state.name).toBe('CONNECTED');
  });

  it.each(FOR_ANYBODY)(
    'and was there before, a wait for %s ends with NO_AUTH',
    async (_, prepare, wait, secret) => {
      ann = await connectAs(zookeeper, ANN);
      await prepare();
      const end = ending(wait);
      await settled();
      await setAcl(zookeeper.server.port, ANN, directory + secret, SECRET);
      through.proxy.cut();
      expect(await end()).toMatchObject({ code: 'NO_AUTH', outcome: { path: directory + secret } });
      await letGo();
    },
  );

  it('an old refusal of a watch that others hold does not end a wait', async () => {
    ann = await connectAs(zookeeper, ANN, { acl: SECRET });
    const path = `${directory}/count`;
    await ann.create(path, Buffer.from('1'));
    const watching = bob.watchData(path).subscribe();
    await eventually(() => bob.watchFigures.stale === 1);
    await expect(last(new Counter(bob, path).value$)).rejects.toMatchObject({ code: 'NO_AUTH' });
    await setAcl(zookeeper.server.port, ANN, path, OPEN);
    const told: bigint[] = [];
    const counting = new Counter(bob, path).value$.subscribe((value) => told.push(value));
    await eventually(() => told.length === 1, Boolean, 60_000);
    watching.unsubscribe();
    counting.unsubscribe();
    await letGo();
  });
});
