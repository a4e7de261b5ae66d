import { posix } from 'node:path';
import { errorMessage, ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { hasCode } from './persistently';

/** The directories of znodes that were told of, and why. */
const told = new WeakMap<ZooKeeperSession, Set<string>>();

/**
 * For a removal that nobody waits for, of what goes with its session at the latest. What the server refuses is told as
 * {@link tellOfRemains} says: until then it may hold up others.
 */
export function inBackground(session: ZooKeeperSession, removal: Promise<void>): void {
  removal.catch((error: unknown) => {
    if (hasCode(error, 'SESSION_LOST', 'CLOSED', 'AUTH_FAILED')) return;
    tellOfRemains(session, error instanceof ZooKeeperError ? error.outcome.path : undefined, error);
  });
}

/**
 * Tells the session's log, or where there is none the process as a warning, that a znode stays which was to be removed,
 * and why: for want of rights that names the znode and the right. Of all in one directory once.
 */
export function tellOfRemains(session: ZooKeeperSession, path: string | undefined, error: unknown): void {
  const code = error instanceof ZooKeeperError ? error.code : '';
  const what = `${code} ${path === undefined ? '' : posix.dirname(path)}`;
  const before = told.get(session) ?? new Set();
  if (before.has(what)) return;
  told.set(session, before.add(what));
  const words = 'a znode that was to be removed is left behind, and so may be others beside it';
  const why = errorMessage(error);
  if (session.log !== undefined) session.log.warn({ path, why }, words);
  else process.emitWarning(`${words}: ${path ?? ''}: ${why}`, { type: 'ZnodeLeftBehindWarning' });
}
