import { join } from 'node:path';
import { commandLineScene } from '../support/command-line-scene';

const scene = commandLineScene();

const promoted = async () => (await scene.cli.session.get(scene.cli.paths.version('iris')))?.data.toString();

describe('rollback', () => {
  beforeEach(async () => {
    await scene.cli.run(['promote', 'iris', '1']);
    await scene.cli.run(['promote', 'iris', '2']);
  });

  it('goes to the version before, or to the one named', async () => {
    expect((await scene.cli.run(['rollback', 'iris'])).stdout).toMatch(/^iris: 2 -> 1 \(zxid /);
    expect((await scene.cli.run(['rollback', 'iris', '2'])).stdout).toMatch(/^iris: 1 -> 2 \(zxid /);
    expect(await promoted()).toBe('2');
  });

  it('goes to a version that only history knows, and to an unknown one only when forced', async () => {
    const elsewhere = { environment: { ZOOSERVE_MODELS: join(scene.cli.models, 'none') } };
    expect((await scene.cli.run(['rollback', 'iris', '1'], elsewhere)).status).toBe(0);
    expect(await scene.cli.run(['rollback', 'iris', '9'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/there are: 1, 2/) as string,
    });
    expect((await scene.cli.run(['rollback', 'iris', '9', '--force'])).status).toBe(0);
    expect(await promoted()).toBe('9');
  });

  it('says so when there is no version before', async () => {
    expect(await scene.cli.run(['rollback', 'roses'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^zooserve: the history of roses shows no version before/) as string,
    });
  });
});
