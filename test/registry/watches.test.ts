import { Subscription, type Observable } from 'rxjs';
import { watchConfig, type ConfigData } from '../../src/registry/watch-config';
import { REMOVAL_SETTLES_MS } from '../../src/registry/settled-stat';
import { watchModels, type ModelList } from '../../src/registry/watch-models';
import { watchPromoted } from '../../src/registry/watch-promoted';
import type { PromotedVersion } from '../../src/registry/promoted-version';
import type { ZnodePaths } from '../../src/registry/paths';
import { eventually } from '../support/eventually';
import { freshPaths, write } from '../support/fleet';
import { registryScene } from '../support/registry-scene';
import { startTestZooKeeper } from '../support/zookeeper';

const scene = registryScene(startTestZooKeeper);
let subscriptions: Subscription;

beforeEach(() => {
  subscriptions = new Subscription();
});
afterEach(() => {
  subscriptions.unsubscribe();
});

/** Everything that was emitted so far, growing. */
function collect<T>(source$: Observable<T>): T[] {
  const seen: T[] = [];
  subscriptions.add(source$.subscribe((value) => seen.push(value)));
  return seen;
}

async function removeTree(path: string): Promise<void> {
  for (const name of (await scene.other.children(path))?.names ?? []) await removeTree(`${path}/${name}`);
  await scene.other.remove(path);
}

function until(seen: ModelList[], wanted: Partial<ModelList>): Promise<unknown> {
  return eventually(
    () => seen.at(-1),
    (list) =>
      (wanted.models === undefined || list?.models.join() === wanted.models.join()) &&
      (wanted.present === undefined || list?.present === wanted.present),
  );
}

describe('watchModels', () => {
  let paths: ZnodePaths;
  beforeEach(() => {
    paths = freshPaths();
  });

  it('tells absence first, then what appears, without the names that are none, which are logged once', async () => {
    const warnings: unknown[] = [];
    const log = { warn: (...args: unknown[]) => warnings.push(args) };
    // Only `warn` is called.
    const seen = collect(watchModels(scene.session, paths, log as never));
    await until(seen, { models: [], present: false });
    await scene.other.ensurePath(`${paths.modelsDir}/not a name`);
    await scene.other.ensurePath(paths.model('iris'));
    await until(seen, { models: ['iris'], present: true });
    await scene.other.ensurePath(paths.model('digits'));
    await until(seen, { models: ['digits', 'iris'] });
    expect(warnings).toEqual([[{ name: '"not a name"' }, expect.stringMatching(/ignored/)]]);
  });

  it('has the pinned models always', async () => {
    const pinned = freshPaths([{ model: 'own', versionPath: '/own' }]);
    const seen = collect(watchModels(scene.session, pinned));
    await until(seen, { models: ['own'], present: false });
    await scene.other.ensurePath(pinned.model('iris'));
    await until(seen, { models: ['iris', 'own'], present: true });
    await scene.other.ensurePath(pinned.model('own'));
    await scene.other.remove(pinned.model('own'));
    await scene.other.remove(pinned.model('iris'));
    await until(seen, { models: ['own'], present: true });
  });

  it('drops a model that was removed while the tree stands, after it has settled', async () => {
    await scene.other.ensurePath(paths.model('iris'));
    await scene.other.ensurePath(paths.model('digits'));
    const seen = collect(watchModels(scene.session, paths));
    await until(seen, { models: ['digits', 'iris'] });
    const begun = performance.now();
    await scene.other.remove(paths.model('iris'));
    await until(seen, { models: ['digits'], present: true });
    expect(performance.now() - begun).toBeGreaterThan(REMOVAL_SETTLES_MS * 0.9);
  });

  it('drops two that were removed one shortly after the scene.other, and keeps one that came back', async () => {
    for (const model of ['a', 'b', 'c']) await scene.other.ensurePath(paths.model(model));
    const seen = collect(watchModels(scene.session, paths));
    await until(seen, { models: ['a', 'b', 'c'] });
    await scene.other.remove(paths.model('a'));
    await scene.other.remove(paths.model('b'));
    await scene.other.remove(paths.model('c'));
    await scene.other.ensurePath(paths.model('b'));
    await until(seen, { models: ['b'], present: true });
    expect(seen.every((list) => list.models.includes('b'))).toBe(true);
  });

  it('keeps every model when the whole root goes, and when it is made again without them', async () => {
    await scene.other.ensurePath(paths.model('iris'));
    const seen = collect(watchModels(scene.session, paths));
    await until(seen, { models: ['iris'] });
    await removeTree(paths.root);
    await until(seen, { models: ['iris'], present: false });
    await scene.other.ensurePath(paths.model('digits'));
    await until(seen, { models: ['digits', 'iris'], present: true });
    await scene.other.remove(paths.model('digits'));
    await until(seen, { models: ['iris'], present: true });
    expect(seen.filter((list) => list.models.length > 0).every((list) => list.models.includes('iris'))).toBe(
      true,
    );
  });

  it('believes a removal that it could confirm only after the server came back', async () => {
    await scene.other.ensurePath(paths.model('iris'));
    const seen = collect(watchModels(scene.session, paths));
    await until(seen, { models: ['iris'] });
    await scene.other.remove(paths.model('iris'));
    await scene.zookeeper.server.kill('SIGKILL');
    await scene.zookeeper.server.restart();
    await until(seen, { models: [], present: true });
    await scene.other.connected();
  });
});

describe('watchPromoted', () => {
  it('tells each write, with its fence, nonsense and absence included', async () => {
    const paths = freshPaths();
    const seen: PromotedVersion[] = collect(watchPromoted(scene.session, paths, 'iris'));
    await eventually(() => seen.at(-1)?.kind === 'absent');
    const first = await write(scene.other, paths.version('iris'), ' 2\n');
    await eventually(() => seen.some((value) => value.kind === 'version' && value.mzxid === first));
    expect(seen.at(-1)).toMatchObject({ version: '2' });
    const second = await write(scene.other, paths.version('iris'), '../../x');
    await eventually(() => seen.at(-1)?.kind === 'invalid');
    expect(seen.at(-1)).toMatchObject({ mzxid: second, mtime: expect.any(Number) as number });
    await scene.other.remove(paths.version('iris'));
    await eventually(() => seen.at(-1)?.kind === 'absent');
  });

  it('looks at the pinned znode', async () => {
    const paths = freshPaths([{ model: 'iris', versionPath: `/pinned-${process.pid}` }]);
    const seen: PromotedVersion[] = collect(watchPromoted(scene.session, paths, 'iris'));
    await write(scene.other, `/pinned-${process.pid}`, '7');
    await eventually(() => seen.some((value) => value.kind === 'version' && value.version === '7'));
  });
});

describe('watchConfig', () => {
  it('tells the bytes with their fence, and absence', async () => {
    const paths = freshPaths();
    const seen: ConfigData[] = collect(watchConfig(scene.session, paths, 'iris'));
    await eventually(() => seen.length > 0);
    expect(seen[0]).toEqual({ data: undefined, mzxid: undefined });
    const mzxid = await write(scene.other, paths.config('iris'), '{"params":{}}');
    await eventually(() => seen.at(-1)?.mzxid === mzxid);
    expect(Buffer.from(seen.at(-1)!.data!).toString()).toBe('{"params":{}}');
  });

  it('believes a deletion while the parent stands, and keeps the last config when the tree goes', async () => {
    const paths = freshPaths();
    await write(scene.other, paths.config('kept'), '{}');
    await write(scene.other, paths.config('dropped'), '{}');
    const kept: ConfigData[] = collect(watchConfig(scene.session, paths, 'kept'));
    const dropped: ConfigData[] = collect(watchConfig(scene.session, paths, 'dropped'));
    await eventually(() => kept.length > 0 && dropped.length > 0);
    await scene.other.remove(paths.config('kept'));
    await scene.other.remove(paths.model('kept'));
    await scene.other.remove(paths.config('dropped'));
    // Both have waited as long; the one whose parent stands is told of last.
    await eventually(() => dropped.at(-1)?.data === undefined);
    expect(kept.at(-1)?.data).toBeDefined();
  });
});
