import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';
import { historyNames } from './read-history';

/** Records of a model that are kept: the newest. */
export const HISTORY_KEPT = 1000;
/** Removed at once at the most, so that a history that has grown for long holds nobody up. */
const REMOVED_AT_ONCE = 100;

/**
 * Removes the oldest records of `model` beyond {@link HISTORY_KEPT}, some at a time. What stands in the way (a lost
 * connection, no right to delete, another one who removes the same) is left to the next change.
 */
export async function pruneHistory(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
): Promise<void> {
  const directory = paths.history(model);
  try {
    const old = (await historyNames(session, directory)).slice(HISTORY_KEPT).slice(-REMOVED_AT_ONCE);
    if (old.length === 0) return;
    await session.multi(old.map((name) => ({ op: 'remove', path: `${directory}/${name}` })));
  } catch (error) {
    if (!(error instanceof ZooKeeperError)) throw error;
  }
}
