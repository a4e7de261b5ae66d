import type { SessionOptions, ZooKeeperSession } from '../../src/streams/session';
import { connect } from './fleet';
import { openThroughProxy, type SessionThroughProxy } from './session-through-proxy';
import { startTestZooKeeper, type TestZooKeeper } from './zookeeper';

/** What tests of broken connections begin with. */
export interface ProxiedScene {
  /** A server of the file's own, so that it may be stopped and asked for its watches. */
  readonly zookeeper: TestZooKeeper;
  /** A client of the file's, whose connection nobody breaks. */
  readonly other: ZooKeeperSession;
  /** The test's own client, and the proxy between it and the server. */
  readonly through: SessionThroughProxy;
  readonly session: ZooKeeperSession;
  /** Of the test's own; no znode is there. */
  readonly path: string;
}

/**
 * Registers jest's hooks: server and other client for the file, session and path for each test.
 * @param lookAfter looks at what the test left, while its session still lives
 */
export function proxiedScene(
  options: Partial<SessionOptions> = {},
  lookAfter: (scene: ProxiedScene) => Promise<void> = () => Promise.resolve(),
): ProxiedScene {
  let zookeeper: TestZooKeeper;
  let other: ZooKeeperSession;
  let through: SessionThroughProxy;
  let tests = 0;
  const scene: ProxiedScene = {
    get zookeeper() {
      return zookeeper;
    },
    get other() {
      return other;
    },
    get through() {
      return through;
    },
    get session() {
      return through.session;
    },
    get path() {
      return `/scene-${tests}`;
    },
  };
  beforeAll(async () => {
    zookeeper = await startTestZooKeeper();
    other = await connect(zookeeper.connectString);
  });
  afterAll(async () => {
    await other[Symbol.asyncDispose]();
    await zookeeper[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    tests++;
    await other.connected();
    through = await openThroughProxy(zookeeper, options);
  });
  afterEach(async () => {
    try {
      await lookAfter(scene);
    } finally {
      await through[Symbol.asyncDispose]();
    }
  });
  return scene;
}
