import { Subscription, type Observable } from 'rxjs';
import { watchConfig, type ConfigData } from '../../src/registry/watch-config';
import { REMOVAL_SETTLES_MS } from '../../src/registry/settled-stat';
import { watchModels, type ModelList } from '../../src/registry/watch-models';
import { watchPromoted } from '../../src/registry/watch-promoted';
import type { PromotedVersion } from '../../src/registry/promoted-version';
import type { ZnodePaths } from '../../src/registry/paths';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect, freshPaths, write } from '../support/fleet';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let session: ZooKeeperSession;
let other: ZooKeeperSession;
let subscriptions: Subscription;

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
  for (const name of (await other.children(path))?.names ?? []) await removeTree(`${path}/${name}`);
  await other.remove(path);
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
    const seen = collect(watchModels(session, paths, log as never));
    await until(seen, { models: [], present: false });
    await other.ensurePath(`${paths.modelsDir}/not a name`);
    await other.ensurePath(paths.model('iris'));
    await until(seen, { models: ['iris'], present: true });
    await other.ensurePath(paths.model('digits'));
    await until(seen, { models: ['digits', 'iris'] });
    expect(warnings).toEqual([[{ name: '"not a name"' }, expect.stringMatching(/ignored/)]]);
  });

  it('has the pinned models always', async () => {
    const pinned = freshPaths([{ model: 'own', versionPath: '/own' }]);
    const seen = collect(watchModels(session, pinned));
    await until(seen, { models: ['own'], present: false });
    await other.ensurePath(pinned.model('iris'));
    await until(seen, { models: ['iris', 'own'], present: true });
    await other.ensurePath(pinned.model('own'));
    await other.remove(pinned.model('own'));
    await other.remove(pinned.model('iris'));
    await until(seen, { models: ['own'], present: true });
  });

  it('drops a model that was removed while the tree stands, after it has settled', async () => {
    await other.ensurePath(paths.model('iris'));
    await other.ensurePath(paths.model('digits'));
    const seen = collect(watchModels(session, paths));
    await until(seen, { models: ['digits', 'iris'] });
    const begun = performance.now();
    await other.remove(paths.model('iris'));
    await until(seen, { models: ['digits'], present: true });
    expect(performance.now() - begun).toBeGreaterThan(REMOVAL_SETTLES_MS * 0.9);
  });

  it('drops two that were removed one shortly after the other, and keeps one that came back', async () => {
    for (const model of ['a', 'b', 'c']) await other.ensurePath(paths.model(model));
    const seen = collect(watchModels(session, paths));
    await until(seen, { models: ['a', 'b', 'c'] });
    await other.remove(paths.model('a'));
    await other.remove(paths.model('b'));
    await other.remove(paths.model('c'));
    await other.ensurePath(paths.model('b'));
    await until(seen, { models: ['b'], present: true });
    expect(seen.every((list) => list.models.includes('b'))).toBe(true);
  });

  it('keeps every model when the whole root goes, and when it is made again without them', async () => {
    await other.ensurePath(paths.model('iris'));
    const seen = collect(watchModels(session, paths));
    await until(seen, { models: ['iris'] });
    await removeTree(paths.root);
    await until(seen, { models: ['iris'], present: false });
    await other.ensurePath(paths.model('digits'));
    await until(seen, { models: ['digits', 'iris'], present: true });
    await other.remove(paths.model('digits'));
    await until(seen, { models: ['iris'], present: true });
    expect(seen.filter((list) => list.models.length > 0).every((list) => list.models.includes('iris'))).toBe(
      true,
    );
  });

  it('believes a removal that it could confirm only after the server came back', async () => {
    await other.ensurePath(paths.model('iris'));
    const seen = collect(watchModels(session, paths));
    await until(seen, { models: ['iris'] });
    await other.remove(paths.model('iris'));
    await zookeeper.server.kill('SIGKILL');
    await zookeeper.server.restart();
    await until(seen, { models: [], present: true });
    await other.connected();
  });
});

describe('watchPromoted', () => {
  it('tells each write, with its fence, nonsense and absence included', async () => {
    const paths = freshPaths();
    const seen: PromotedVersion[] = collect(watchPromoted(session, paths, 'iris'));
    await eventually(() => seen.at(-1)?.kind === 'absent');
    const first = await write(other, paths.version('iris'), ' 2\n');
    await eventually(() => seen.some((value) => value.kind === 'version' && value.mzxid === first));
    expect(seen.at(-1)).toMatchObject({ version: '2' });
    const second = await write(other, paths.version('iris'), '../../x');
    await eventually(() => seen.at(-1)?.kind === 'invalid');
    expect(seen.at(-1)).toMatchObject({ mzxid: second, mtime: expect.any(Number) as number });
    await other.remove(paths.version('iris'));
    await eventually(() => seen.at(-1)?.kind === 'absent');
  });

  it('looks at the pinned znode', async () => {
    const paths = freshPaths([{ model: 'iris', versionPath: `/pinned-${process.pid}` }]);
    const seen: PromotedVersion[] = collect(watchPromoted(session, paths, 'iris'));
    await write(other, `/pinned-${process.pid}`, '7');
    await eventually(() => seen.some((value) => value.kind === 'version' && value.version === '7'));
  });
});

describe('watchConfig', () => {
  it('tells the bytes with their fence, and absence', async () => {
    const paths = freshPaths();
    const seen: ConfigData[] = collect(watchConfig(session, paths, 'iris'));
    await eventually(() => seen.length > 0);
    expect(seen[0]).toEqual({ data: undefined, mzxid: undefined });
    const mzxid = await write(other, paths.config('iris'), '{"params":{}}');
    await eventually(() => seen.at(-1)?.mzxid === mzxid);
    expect(Buffer.from(seen.at(-1)!.data!).toString()).toBe('{"params":{}}');
  });

  it('believes a deletion while the parent stands, and keeps the last config when the tree goes', async () => {
    const paths = freshPaths();
    await write(other, paths.config('kept'), '{}');
    await write(other, paths.config('dropped'), '{}');
    const kept: ConfigData[] = collect(watchConfig(session, paths, 'kept'));
    const dropped: ConfigData[] = collect(watchConfig(session, paths, 'dropped'));
    await eventually(() => kept.length > 0 && dropped.length > 0);
    await other.remove(paths.config('kept'));
    await other.remove(paths.model('kept'));
    await other.remove(paths.config('dropped'));
    // Both have waited as long; the one whose parent stands is told of last.
    await eventually(() => dropped.at(-1)?.data === undefined);
    expect(kept.at(-1)?.data).toBeDefined();
  });
});
