import { enterBarrier } from '../../src/coordination/double-barrier';
import type { EnteredBarrier } from '../../src/coordination/entered-barrier';
import type { Connection } from '../../src/streams/connection';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { holdSession } from '../support/hold-session';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { watching } from '../support/server-watches';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let other: ZooKeeperSession;
/** A participant whose session is over for itself, and not yet for the ensemble. */
let through: SessionThroughProxy;
/** Keeps that session alive. */
let held: Connection | undefined;
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
  directory = `/barriers/test-${++count}`;
  through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 });
});
afterEach(async () => {
  try {
    await present(0);
    await watching(zookeeper, 0);
  } finally {
    await through[Symbol.asyncDispose]();
    await held?.closeSession(5000);
    held = undefined;
  }
});

const names = async (): Promise<readonly string[]> => (await other.children(directory))?.names ?? [];
const present = (participants: number): Promise<readonly string[]> =>
  eventually(names, ({ length }) => length === participants);
const leaveAll = (entered: readonly EnteredBarrier[]): Promise<unknown> =>
  Promise.all(entered.map((place) => place.leave()));

test('who comes back before the ensemble has ended its former session is counted once, in the new one', async () => {
  const waiting = enterBarrier(through.session, directory, 2);
  const [former] = await present(1);
  held = await holdSession(through.proxy);
  await eventually(() => through.session.state.name === 'LOST');
  expect(await names()).toEqual([former]);
  await through.proxy.heal();
  await eventually(names, (seen) => seen.length === 1 && seen[0] !== former);
  await watching(zookeeper, 1);
  const round = await Promise.all([waiting, enterBarrier(other, directory, 2)]);
  expect(round.map(({ rank, lost }) => [rank, lost.aborted])).toEqual([
    [0, false],
    [1, false],
  ]);
  await leaveAll(round);
});

test('who has two znodes, since a create was carried out late, is counted once', async () => {
  const first = enterBarrier(through.session, directory, 3);
  const [own = ''] = await present(1);
  const late = await other.create(
    `${directory}/${own.split('_')[0]}_`,
    Buffer.alloc(0),
    'EPHEMERAL_SEQUENTIAL',
  );
  const second = enterBarrier(other, directory, 3);
  await present(3);
  await watching(zookeeper, 2);
  const round = await Promise.all([first, second, enterBarrier(other, directory, 3)]);
  expect(round.map(({ rank }) => rank)).toEqual([0, 1, 2]);
  await other.remove(late);
  await leaveAll(round);
});

test('who is cut off is counted until the ensemble has ended its session, and then takes part in the next round', async () => {
  const waiting = enterBarrier(through.session, directory, 2);
  await present(1);
  held = await holdSession(through.proxy);
  await eventually(() => through.session.state.name === 'LOST');
  const place = await enterBarrier(other, directory, 2);
  expect(place.rank).toBe(1);
  const left = place.leave();
  await held.closeSession(5000);
  held = undefined;
  await left;
  await through.proxy.heal();
  const next = await Promise.all([waiting, enterBarrier(other, directory, 2)]);
  expect(next[0].round > place.round).toBe(true);
  await leaveAll(next);
});
