import { ZooKeeperError } from '../../src/errors';
import { formatHistory } from '../../src/registry/history-record';
import { promote } from '../../src/registry/promote';
import { HISTORY_KEPT } from '../../src/registry/prune-history';
import { historyNames, readHistory } from '../../src/registry/read-history';
import type { TransactionOp, ZooKeeperSession } from '../../src/streams/session';
import { write } from '../support/fleet';
import { connectionLost, replacing } from '../support/meddling';
import { registryScene } from '../support/registry-scene';

const BY = 'me@host';
const scene = registryScene();

const directory = () => scene.paths.history('iris');
const names = () => historyNames(scene.session, directory());
const to = (version: string, session = scene.session) =>
  promote(session, scene.paths, { model: 'iris', version, by: BY });

/** A history of `count` records, as promotions make them. */
async function grown(count: number): Promise<void> {
  await scene.session.ensurePath(directory());
  const record = { id: '', kind: 'promote', from: null, to: 'old', by: BY, reason: null } as const;
  const one: TransactionOp = {
    op: 'create',
    path: `${directory()}/h-`,
    data: formatHistory(record),
    mode: 'PERSISTENT_SEQUENTIAL',
  };
  for (let left = count; left > 0; left -= 100) {
    await scene.session.multi(Array.from({ length: Math.min(100, left) }, () => one));
  }
}

/** The session, with `outcome` in place of the removal of records. */
function removing(outcome: () => Promise<void>): ZooKeeperSession {
  return replacing(scene.session, 'multi', (ops: readonly TransactionOp[]) =>
    ops[0]?.op === 'remove' ? outcome() : scene.session.multi(ops),
  );
}

test('a promotion removes the oldest records beyond the bound, a hundred at the most, and no stranger', async () => {
  await grown(HISTORY_KEPT + 120);
  await write(scene.session, `${directory()}/other`, 'mine');
  await to('1');
  expect(await names()).toHaveLength(HISTORY_KEPT + 21);
  expect((await names()).at(-1)).toBe('h-0000000100');
  await to('2');
  const left = await names();
  expect(left).toHaveLength(HISTORY_KEPT);
  expect(left.at(-1)).toBe('h-0000000122');
  const newest = await readHistory(scene.session, scene.paths, 'iris', 2);
  expect(newest.map(({ from, to: version }) => [from, version])).toEqual([
    ['1', '2'],
    [null, '1'],
  ]);
  expect(await scene.session.exists(`${directory()}/other`)).toBeDefined();
});

test.each<[string, () => ZooKeeperError]>([
  [
    'there is no right to delete them',
    () => new ZooKeeperError('NO_AUTH', 'not allowed', { mayHaveHappened: false, retryable: false }),
  ],
  ['the connection is lost', () => connectionLost(true)],
])('where %s the promotion is made all the same, and the records stay', async (_, error) => {
  await grown(HISTORY_KEPT);
  const asked = jest.fn(() => Promise.reject(error()));
  expect(await to('1', removing(asked))).toMatchObject({ to: '1' });
  expect(asked).toHaveBeenCalledTimes(1);
  expect(await names()).toHaveLength(HISTORY_KEPT + 1);
});

test('of two that promote at the same time, the one that is late to remove leaves it', async () => {
  await grown(HISTORY_KEPT);
  const late = removing(async () => {
    await to('2');
    await scene.session.multi([{ op: 'remove', path: `${directory()}/h-0000000000` }]);
  });
  expect(await to('1', late)).toMatchObject({ to: '1' });
  expect(await names()).toHaveLength(HISTORY_KEPT);
});
