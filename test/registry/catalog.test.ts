import { ZooKeeperError } from '../../src/errors';
import { catalogVersions, publishManifest, readManifest, VersionTaken } from '../../src/registry/catalog';
import type { Manifest } from '../../src/registry/manifest';
import { connect, MANIFEST, write } from '../support/fleet';
import { registryScene } from '../support/registry-scene';

const scene = registryScene();

describe('the catalog', () => {
  const publish = (manifest: Manifest) => publishManifest(scene.session, scene.paths, 'iris', '1', manifest);

  it('takes a version once, the same bytes again, and no others', async () => {
    expect(await readManifest(scene.session, scene.paths, 'iris', '1')).toBeUndefined();
    expect(await catalogVersions(scene.session, scene.paths, 'iris')).toEqual([]);
    expect(await publish(MANIFEST)).toBe('published');
    expect(await publish({ ...MANIFEST, by: 'bob@there' })).toBe('unchanged');
    expect(await readManifest(scene.session, scene.paths, 'iris', '1')).toEqual(MANIFEST);
    expect(await catalogVersions(scene.session, scene.paths, 'iris')).toEqual(['1']);
    const refused = publish({ ...MANIFEST, sha256: 'b'.repeat(64) });
    await expect(refused).rejects.toThrow(VersionTaken);
    await expect(refused).rejects.toThrow(/by ann@here at 2026-01-01.*publish under another version/);
  });

  it('takes a version with the same files beside it, and no others', async () => {
    const digest = 'c'.repeat(64);
    await publish({ ...MANIFEST, files: { 'model.json': null, 'handler.js': digest } });
    const same = { 'handler.js': digest };
    expect(await publish({ ...MANIFEST, files: same })).toBe('unchanged');
    await expect(publish({ ...MANIFEST, files: { 'handler.js': 'd'.repeat(64) } })).rejects.toThrow(
      /with other handler.js \(sha256 cccccccccccc\.\.\., here sha256 dddddddddddd\.\.\.\); publish under another/,
    );
    await expect(publish({ ...MANIFEST, files: { ...same, 'model.json': digest } })).rejects.toThrow(
      /with other model.json \(no such file, here sha256 cc/,
    );
    await expect(publish(MANIFEST)).rejects.toThrow(/with other handler.js .*, here no such file\)/);
  });

  it('takes a version that was published without its files, whatever lies beside it', async () => {
    await publish(MANIFEST);
    expect(await publish({ ...MANIFEST, files: { 'handler.js': 'c'.repeat(64) } })).toBe('unchanged');
  });

  it('leaves alone what is no manifest', async () => {
    await write(scene.session, scene.paths.catalog('iris', '1'), 'noise');
    await expect(publish(MANIFEST)).rejects.toThrow(/no manifest/);
    await expect(readManifest(scene.session, scene.paths, 'iris', '1')).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('hands on what is no conflict', async () => {
    const closed = await connect(scene.zookeeper.connectString);
    await closed[Symbol.asyncDispose]();
    await expect(publishManifest(closed, scene.paths, 'iris', '1', MANIFEST)).rejects.toThrow(ZooKeeperError);
  });
});
