import type { ZnodePaths } from '../../src/registry/paths';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect, freshPaths, PuppetReplica } from './fleet';
import { sharedZooKeeper, type ZooKeeperPlace } from './zookeeper';

/** What tests of the registry begin with. */
export interface RegistryScene<Z extends ZooKeeperPlace = ZooKeeperPlace> {
  readonly zookeeper: Z;
  readonly session: ZooKeeperSession;
  /** A second client. */
  readonly other: ZooKeeperSession;
  /** Below a root of the test's own. */
  readonly paths: ZnodePaths;
  /** A replica that reports what it is told to, until the test is over. */
  startReplica(name: string): Promise<PuppetReplica>;
}

/**
 * Registers jest's hooks: a ZooKeeper (a shared one, or what `start` starts) and two sessions for the file, a root for
 * each test.
 */
export function registryScene(): RegistryScene;
export function registryScene<Z extends ZooKeeperPlace>(start: () => Promise<Z>): RegistryScene<Z>;
export function registryScene(start: () => Promise<ZooKeeperPlace> = sharedZooKeeper): RegistryScene {
  let zookeeper: ZooKeeperPlace;
  let session: ZooKeeperSession;
  let other: ZooKeeperSession;
  let paths: ZnodePaths;
  let replicas: PuppetReplica[];
  beforeAll(async () => {
    zookeeper = await start();
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
    replicas = [];
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.end()));
  });
  return {
    get zookeeper() {
      return zookeeper;
    },
    get session() {
      return session;
    },
    get other() {
      return other;
    },
    get paths() {
      return paths;
    },
    async startReplica(name) {
      const replica = await PuppetReplica.start(zookeeper.connectString, paths, name);
      replicas.push(replica);
      return replica;
    },
  };
}
