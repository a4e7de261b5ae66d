import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOOPBACK } from '../../src/embedded/loopback-port';
import {
  startZooKeeper,
  type EmbeddedZooKeeper,
  type ZooKeeperServerOptions,
} from '../../src/embedded/zookeeper-server';
import { openSession } from '../../src/streams/session';

/** Session timeout for tests: 1000 to 10,000 ms are granted by {@link startTestZooKeeper}. */
export const TEST_SESSION_TIMEOUT_MS = 2000;

/** The variable that holds the port of the server that the files of one run of jest share. */
export const SHARED_PORT = 'ZOOSERVE_TEST_ZOOKEEPER_PORT';

/** A real server, or a place of one's own in it. */
export interface ZooKeeperPlace extends AsyncDisposable {
  /** Ends with `chroot`. */
  readonly connectString: string;
  readonly port: number;
  /** Empty: the whole server. */
  readonly chroot: string;
}

export interface TestZooKeeper extends ZooKeeperPlace {
  readonly server: EmbeddedZooKeeper;
}

/** A real server on a free port with a data directory of its own, quick rather than durable. Dispose removes both. */
export async function startTestZooKeeper(
  options: Partial<ZooKeeperServerOptions> = {},
): Promise<TestZooKeeper> {
  const dataDir = await mkdtemp(join(tmpdir(), 'zooserve-zookeeper-'));
  const server = await startZooKeeper({
    dataDir,
    tickTimeMs: 500,
    ...options,
    config: { '4lw.commands.whitelist': 'conf,srvr,mntr,wchs,wchp', ...options.config },
    javaOptions: ['-Dzookeeper.forceSync=no', ...(options.javaOptions ?? [])],
  });
  return {
    server,
    connectString: server.connectString,
    port: server.port,
    chroot: '',
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * An empty place in the server that this run of jest shares, for tests that neither break the server nor look at more of
 * it than their place; a server of its own where there is none to share. What is left in it goes with the server.
 */
export async function sharedZooKeeper(): Promise<ZooKeeperPlace> {
  const port = Number(process.env[SHARED_PORT] ?? 0);
  if (port === 0) return startTestZooKeeper();
  const chroot = `/test-${randomUUID()}`;
  const connectString = `${LOOPBACK}:${port}${chroot}`;
  await using session = openSession({ connectString, sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS });
  await session.connected(AbortSignal.timeout(10_000));
  await session.ensurePath('/');
  return { connectString, port, chroot, [Symbol.asyncDispose]: () => Promise.resolve() };
}
