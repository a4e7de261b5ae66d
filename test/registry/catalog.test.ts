import { ZooKeeperError } from '../../src/errors';
import { catalogVersions, publishManifest, readManifest, VersionTaken } from '../../src/registry/catalog';
import type { Manifest } from '../../src/registry/manifest';
import { connect, freshPaths, MANIFEST, write } from '../support/fleet';
import type { ZnodePaths } from '../../src/registry/paths';
import type { ZooKeeperSession } from '../../src/streams/session';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let session: ZooKeeperSession;
let paths: ZnodePaths;

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
});

describe('the catalog', () => {
  const publish = (manifest: Manifest) => publishManifest(session, paths, 'iris', '1', manifest);

  it('takes a version once, the same bytes again, and no others', async () => {
    expect(await readManifest(session, paths, 'iris', '1')).toBeUndefined();
    expect(await catalogVersions(session, paths, 'iris')).toEqual([]);
    expect(await publish(MANIFEST)).toBe('published');
    expect(await publish({ ...MANIFEST, by: 'bob@there' })).toBe('unchanged');
    expect(await readManifest(session, paths, 'iris', '1')).toEqual(MANIFEST);
    expect(await catalogVersions(session, paths, 'iris')).toEqual(['1']);
    const refused = publish({ ...MANIFEST, sha256: 'b'.repeat(64) });
    await expect(refused).rejects.toThrow(VersionTaken);
    await expect(refused).rejects.toThrow(/by ann@here at 2026-01-01.*publish under another version/);
  });

  it('leaves alone what is no manifest', async () => {
    await write(session, paths.catalog('iris', '1'), 'noise');
    await expect(publish(MANIFEST)).rejects.toThrow(/no manifest/);
    await expect(readManifest(session, paths, 'iris', '1')).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('hands on what is no conflict', async () => {
    const closed = await connect(zookeeper.connectString);
    await closed[Symbol.asyncDispose]();
    await expect(publishManifest(closed, paths, 'iris', '1', MANIFEST)).rejects.toThrow(ZooKeeperError);
  });
});
