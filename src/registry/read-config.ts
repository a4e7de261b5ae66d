import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';

/** The config znode of `model` as it stands, or undefined. */
export async function readConfig(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
): Promise<{ readonly data: Buffer; readonly mzxid: string } | undefined> {
  const node = await session.get(paths.config(model));
  return node && { data: node.data, mzxid: node.stat.mzxid };
}
