import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  startZooKeeper,
  type EmbeddedZooKeeper,
  type ZooKeeperServerOptions,
} from '../../src/embedded/zookeeper-server';

/** Session timeout for tests: 1000 to 10,000 ms are granted by {@link startTestZooKeeper}. */
export const TEST_SESSION_TIMEOUT_MS = 2000;

export interface TestZooKeeper extends AsyncDisposable {
  readonly server: EmbeddedZooKeeper;
  readonly connectString: string;
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
    javaOptions: ['-Dzookeeper.forceSync=no', ...(options.javaOptions ?? [])],
  });
  return {
    server,
    connectString: server.connectString,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
