import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';

/**
 * Says that the tree which is there now is the right one, though it is not the one that replicas know: each of
 * them follows it from the moment at which it sees this znode, which it has never seen before. Throws ZooKeeperError.
 */
export async function acceptWorld(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  { by, reason }: { readonly by: string; readonly reason: string | undefined },
): Promise<void> {
  await session.ensurePath(paths.worlds);
  const record = { by, reason: reason ?? null };
  await session.create(posix.join(paths.worlds, randomUUID()), Buffer.from(JSON.stringify(record)));
}
