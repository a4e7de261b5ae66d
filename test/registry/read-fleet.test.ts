import type { ZnodePaths } from '../../src/registry/paths';
import { promote } from '../../src/registry/promote';
import { knownModels, readFleet } from '../../src/registry/read-fleet';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect, freshPaths, PuppetReplica, serving, write } from '../support/fleet';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let session: ZooKeeperSession;
let paths: ZnodePaths;
let replicas: PuppetReplica[];

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  session = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
beforeEach(() => {
  paths = freshPaths();
  replicas = [];
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.end()));
});

async function start(name: string): Promise<PuppetReplica> {
  const replica = await PuppetReplica.start(zookeeper.connectString, paths, name);
  replicas.push(replica);
  return replica;
}

describe('readFleet', () => {
  it('shows every model and every replica, live or dead, reported or not', async () => {
    const a = await start('a');
    const dead = await start('dead');
    await start('silent');
    const { mzxid } = await promote(session, paths, { model: 'iris', version: '2', by: 'me@host' });
    await a.report('iris', serving('a', '2', mzxid));
    await dead.report('iris', serving('dead', '1', '0000000000000001'));
    await dead.end();
    await write(session, paths.version('digits'), '..');
    const config = await write(session, paths.config('digits'), '{}');
    await write(session, paths.status('digits', 'a'), 'noise');
    await write(session, paths.status('gone', 'dead'), 'noise');
    const fleet = await readFleet(session, paths);
    expect(fleet.map(({ model, promoted: { kind }, configMzxid }) => [model, kind, configMzxid])).toEqual([
      ['digits', 'invalid', config],
      ['gone', 'absent', undefined],
      ['iris', 'version', undefined],
    ]);
    expect(fleet[2]?.replicas).toEqual([
      {
        replica: 'a',
        live: true,
        info: expect.objectContaining({ url: 'http://a' }) as object,
        status: serving('a', '2', mzxid),
        since: expect.any(Number) as number,
      },
      {
        replica: 'dead',
        live: false,
        info: undefined,
        status: serving('dead', '1', '0000000000000001'),
        since: expect.any(Number) as number,
      },
      {
        replica: 'silent',
        live: true,
        info: expect.anything() as object,
        status: undefined,
        since: undefined,
      },
    ]);
    expect(fleet[0]?.replicas[0]).toMatchObject({
      replica: 'a',
      status: undefined,
      since: expect.any(Number) as number,
    });
    expect((await readFleet(session, paths, 'iris')).map(({ model }) => model)).toEqual(['iris']);
  });

  it('is empty for a root that is not there, but for the pinned models', async () => {
    expect(await readFleet(session, paths)).toEqual([]);
    const pinned = freshPaths([{ model: 'own', versionPath: '/own' }]);
    expect(await knownModels(session, pinned)).toEqual(['own']);
  });
});
