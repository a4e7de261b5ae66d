import { publishManifest } from '../../src/registry/catalog';
import { commandLineScene } from '../support/command-line-scene';
import { MANIFEST } from '../support/fleet';

const scene = commandLineScene();

const promoted = async () => (await scene.cli.session.get(scene.cli.paths.version('iris')))?.data.toString();

describe('promote', () => {
  it('promotes a version that the repository has, and says from what to what, at which zxid', async () => {
    expect(await scene.cli.run(['promote', 'iris', '1'])).toMatchObject({ status: 0, stderr: '' });
    const second = await scene.cli.run(['promote', 'iris', '2', '--reason', 'stronger']);
    expect(second).toMatchObject({ status: 0, stderr: '' });
    const mzxid = (await scene.cli.session.exists(scene.cli.paths.version('iris')))!.mzxid;
    expect(second.stdout).toBe(`iris: 1 -> 2 (zxid ${mzxid})\n`);
    expect(await promoted()).toBe('2');
  });

  it('refuses a version that is nowhere, names those there are, and does it all the same when forced', async () => {
    await publishManifest(scene.cli.session, scene.cli.paths, 'iris', '10', MANIFEST);
    const refused = await scene.cli.run(['promote', 'iris', '9']);
    expect(refused).toEqual({
      status: 1,
      stdout: '',
      stderr: `zooserve: version 9 of iris is neither in the catalog nor in ${scene.cli.models}; there are: 1, 2, 10 (--force goes there anyway)\n`,
    });
    expect(await promoted()).toBeUndefined();
    expect(await scene.cli.run(['promote', 'roses', '1'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/there is no version of it at all/) as string,
    });
    expect((await scene.cli.run(['promote', 'iris', '9', '--force'])).status).toBe(0);
    expect(await promoted()).toBe('9');
  });

  it('promotes what only the catalog has', async () => {
    await publishManifest(scene.cli.session, scene.cli.paths, 'iris', '10', MANIFEST);
    expect((await scene.cli.run(['promote', 'iris', '10'])).status).toBe(0);
  });

  it('writes the pinned znode, given before the command or in the environment', async () => {
    const own = `${scene.cli.paths.root}-own`;
    expect((await scene.cli.run(['--model', `iris=${own}`, 'promote', 'iris', '1'])).status).toBe(0);
    expect((await scene.cli.session.get(own))?.data.toString()).toBe('1');
    expect(
      (await scene.cli.run(['promote', 'iris', '2'], { environment: { ZOOSERVE_MODEL: `iris=${own}` } }))
        .status,
    ).toBe(0);
    expect((await scene.cli.session.get(own))?.data.toString()).toBe('2');
  });

  it('exits 1 when ZooKeeper refuses the credentials', async () => {
    const { status, stderr } = await scene.cli.run(['promote', 'iris', '1', '--auth', 'nosuch:me:secret']);
    expect(stderr).toBe(
      `zooserve: ZooKeeper at ${scene.cli.connectString} refused the credentials that --auth gave\n`,
    );
    expect(status).toBe(1);
  });
});
