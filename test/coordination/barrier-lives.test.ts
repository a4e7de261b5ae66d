import { enterBarrier } from '../../src/coordination/double-barrier';
import type { EnteredBarrier } from '../../src/coordination/entered-barrier';
import type { Connection } from '../../src/streams/connection';
import { eventually } from '../support/eventually';
import { holdSession } from '../support/hold-session';
import { proxiedScene } from '../support/proxied-scene';
import { watching } from '../support/server-watches';

/** Keeps alive the session of a participant for which it is over, while it is not yet for the ensemble. */
let held: Connection | undefined;
const scene = proxiedScene({ sessionTimeoutMs: 1000 }, async ({ zookeeper }) => {
  try {
    await present(0);
    await watching(zookeeper, 0);
  } finally {
    await held?.closeSession(5000);
    held = undefined;
  }
});

const names = async (): Promise<readonly string[]> => (await scene.other.children(scene.path))?.names ?? [];
const present = (participants: number): Promise<readonly string[]> =>
  eventually(names, ({ length }) => length === participants);
const leaveAll = (entered: readonly EnteredBarrier[]): Promise<unknown> =>
  Promise.all(entered.map((place) => place.leave()));

test('who comes back before the ensemble has ended its former session is counted once, in the new one', async () => {
  const waiting = enterBarrier(scene.session, scene.path, 2);
  const [former] = await present(1);
  held = await holdSession(scene.through.proxy);
  await eventually(() => scene.session.state.name === 'LOST');
  expect(await names()).toEqual([former]);
  await scene.through.proxy.heal();
  await eventually(names, (seen) => seen.length === 1 && seen[0] !== former);
  await watching(scene.zookeeper, 1);
  const round = await Promise.all([waiting, enterBarrier(scene.other, scene.path, 2)]);
  expect(round.map(({ rank, lost }) => [rank, lost.aborted])).toEqual([
    [0, false],
    [1, false],
  ]);
  await leaveAll(round);
});

test('who has two znodes, since a create was carried out late, is counted once', async () => {
  const first = enterBarrier(scene.session, scene.path, 3);
  const [own = ''] = await present(1);
  const late = await scene.other.create(
    `${scene.path}/${own.split('_')[0]}_`,
    Buffer.alloc(0),
    'EPHEMERAL_SEQUENTIAL',
  );
  const second = enterBarrier(scene.other, scene.path, 3);
  await present(3);
  await watching(scene.zookeeper, 2);
  const round = await Promise.all([first, second, enterBarrier(scene.other, scene.path, 3)]);
  expect(round.map(({ rank }) => rank)).toEqual([0, 1, 2]);
  await scene.other.remove(late);
  await leaveAll(round);
});

test('who is cut off is counted until the ensemble has ended its session, and then takes part in the next round', async () => {
  const waiting = enterBarrier(scene.session, scene.path, 2);
  await present(1);
  held = await holdSession(scene.through.proxy);
  await eventually(() => scene.session.state.name === 'LOST');
  const place = await enterBarrier(scene.other, scene.path, 2);
  expect(place.rank).toBe(1);
  const left = place.leave();
  await held.closeSession(5000);
  held = undefined;
  await left;
  await scene.through.proxy.heal();
  const next = await Promise.all([waiting, enterBarrier(scene.other, scene.path, 2)]);
  expect(next[0].round > place.round).toBe(true);
  await leaveAll(next);
});
