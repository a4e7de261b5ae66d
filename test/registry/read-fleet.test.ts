import { promote } from '../../src/registry/promote';
import { knownModels, readFleet } from '../../src/registry/read-fleet';
import { freshPaths, serving, write } from '../support/fleet';
import { registryScene } from '../support/registry-scene';

const scene = registryScene();

describe('readFleet', () => {
  it('shows every model and every replica, live or dead, reported or not', async () => {
    const a = await scene.startReplica('a');
    const dead = await scene.startReplica('dead');
    await scene.startReplica('silent');
    const { mzxid } = await promote(scene.session, scene.paths, {
      model: 'iris',
      version: '2',
      by: 'me@host',
    });
    await a.report('iris', serving('a', '2', mzxid));
    await dead.report('iris', serving('dead', '1', '0000000000000001'));
    await dead.end();
    await write(scene.session, scene.paths.version('digits'), '..');
    const config = await write(scene.session, scene.paths.config('digits'), '{}');
    await write(scene.session, scene.paths.status('digits', 'a'), 'noise');
    await write(scene.session, scene.paths.status('gone', 'dead'), 'noise');
    const fleet = await readFleet(scene.session, scene.paths);
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
    expect((await readFleet(scene.session, scene.paths, 'iris')).map(({ model }) => model)).toEqual(['iris']);
  });

  it('is empty for a root that is not there, but for the pinned models', async () => {
    expect(await readFleet(scene.session, scene.paths)).toEqual([]);
    const pinned = freshPaths([{ model: 'own', versionPath: '/own' }]);
    expect(await knownModels(scene.session, pinned)).toEqual(['own']);
  });
});
