import type { NodeMode, TransactionOp, ZooKeeperSession } from '../streams/session';
import { hasCode } from './persistently';

/**
 * Makes a child of `directory`, and `directory` as well when that is missing. Returns the path of the child.
 *
 * @param session asked for each request, so that it can refuse when the session has changed
 */
export async function createBelow(
  session: () => ZooKeeperSession,
  directory: string,
  name: string,
  data: Uint8Array,
  mode: NodeMode,
): Promise<string> {
  const path = `${directory}/${name}`;
  try {
    return await session().create(path, data, mode);
  } catch (error) {
    if (!hasCode(error, 'NO_NODE')) throw error;
    await session().ensurePath(directory);
    return await session().create(path, data, mode);
  }
}

/** Carries out a transaction, and makes the znodes below which it creates others, as far as they are missing. */
export async function multiBelow(
  session: () => ZooKeeperSession,
  ops: readonly TransactionOp[],
): Promise<void> {
  const made = new Set<string>();
  for (;;) {
    try {
      await session().multi(ops);
      return;
    } catch (error) {
      const directory = missingDirectory(error, ops);
      if (directory === undefined || made.has(directory)) throw error;
      made.add(directory);
      await session().ensurePath(directory);
    }
  }
}

function missingDirectory(error: unknown, ops: readonly TransactionOp[]): string | undefined {
  if (!hasCode(error, 'NO_NODE')) return undefined;
  const path = ops.find((op) => op.op === 'create' && op.path === error.outcome.path)?.path;
  return path?.slice(0, path.lastIndexOf('/'));
}
