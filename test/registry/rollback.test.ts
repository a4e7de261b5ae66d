import { promote } from '../../src/registry/promote';
import { readHistory } from '../../src/registry/read-history';
import { NothingToRollBack, rollback } from '../../src/registry/rollback';
import { writeConfig } from '../../src/registry/write-config';
import { connect, freshPaths, write } from '../support/fleet';
import { meddling } from '../support/meddling';
import type { ZnodePaths } from '../../src/registry/paths';
import type { ZooKeeperSession } from '../../src/streams/session';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const BY = 'me@host';

let zookeeper: TestZooKeeper;
let session: ZooKeeperSession;
let other: ZooKeeperSession;
let paths: ZnodePaths;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  session = await connect(zookeeper.connectString);
  other = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
beforeEach(() => {
  paths = freshPaths();
});

const promoted = async () => (await session.get(paths.version('iris')))?.data.toString();

const timeline = async () =>
  (await readHistory(session, paths, 'iris')).map(({ kind, from, to }) => `${kind} ${from ?? '-'} ${to}`);

describe('rollback', () => {
  const to = (version: string) => promote(session, paths, { model: 'iris', version, by: BY });
  const back = () => rollback(session, paths, { model: 'iris', by: BY });

  it('goes to the version before, and back again', async () => {
    await to('1');
    await to('2');
    expect(await back()).toMatchObject({ from: '2', to: '1' });
    expect(await back()).toMatchObject({ from: '1', to: '2' });
    expect(await timeline()).toEqual(['rollback 1 2', 'rollback 2 1', 'promote 1 2', 'promote - 1']);
    expect(await promoted()).toBe('2');
  });

  it('passes over the same version promoted twice, and over configs', async () => {
    await to('1');
    await to('2');
    await to('2');
    await writeConfig(session, paths, { model: 'iris', data: Buffer.from('{}'), by: BY });
    expect((await back()).to).toBe('1');
  });

  it('goes to the last one promoted after a bare write, which left no record', async () => {
    await to('1');
    await to('2');
    await write(other, paths.version('iris'), '3');
    expect(await back()).toMatchObject({ from: '3', to: '2' });
  });

  it('goes to the last one promoted when the znode was deleted', async () => {
    await to('1');
    await other.remove(paths.version('iris'));
    expect(await back()).toMatchObject({ from: null, to: '1' });
  });

  it('refuses without a history to go by', async () => {
    await expect(back()).rejects.toThrow(NothingToRollBack);
    await to('1');
    await expect(back()).rejects.toThrow(/shows no version before 1; .* zooserve rollback iris <version>/);
  });

  it('refuses when somebody changes the pointer meanwhile', async () => {
    await to('1');
    await to('2');
    const busy = meddling(session, () => write(other, paths.version('iris'), '3'));
    await expect(rollback(busy, paths, { model: 'iris', by: BY })).rejects.toThrow(
      /changed to 3 by somebody else meanwhile/,
    );
    expect(await promoted()).toBe('3');
  });
});
