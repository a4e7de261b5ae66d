import { promote } from '../../src/registry/promote';
import { readHistory } from '../../src/registry/read-history';
import { NothingToRollBack, rollback } from '../../src/registry/rollback';
import { writeConfig } from '../../src/registry/write-config';
import { write } from '../support/fleet';
import { meddling } from '../support/meddling';
import { registryScene } from '../support/registry-scene';

const BY = 'me@host';

const scene = registryScene();

const promoted = async () => (await scene.session.get(scene.paths.version('iris')))?.data.toString();

const timeline = async () =>
  (await readHistory(scene.session, scene.paths, 'iris')).map(
    ({ kind, from, to }) => `${kind} ${from ?? '-'} ${to}`,
  );

describe('rollback', () => {
  const to = (version: string) => promote(scene.session, scene.paths, { model: 'iris', version, by: BY });
  const back = () => rollback(scene.session, scene.paths, { model: 'iris', by: BY });

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
    await writeConfig(scene.session, scene.paths, { model: 'iris', data: Buffer.from('{}'), by: BY });
    expect((await back()).to).toBe('1');
  });

  it('goes to the last one promoted after a bare write, which left no record', async () => {
    await to('1');
    await to('2');
    await write(scene.other, scene.paths.version('iris'), '3');
    expect(await back()).toMatchObject({ from: '3', to: '2' });
  });

  it('goes to the last one promoted when the znode was deleted', async () => {
    await to('1');
    await scene.other.remove(scene.paths.version('iris'));
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
    const busy = meddling(scene.session, () => write(scene.other, scene.paths.version('iris'), '3'));
    await expect(rollback(busy, scene.paths, { model: 'iris', by: BY })).rejects.toThrow(
      /changed to 3 by somebody else meanwhile/,
    );
    expect(await promoted()).toBe('3');
  });
});
