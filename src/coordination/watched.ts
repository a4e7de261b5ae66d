import { filter, ignoreElements, merge, mergeMap, type Observable } from 'rxjs';
import { ZooKeeperError } from '../errors';
import { harmless } from '../streams/harmless';
import type { ChildrenSnapshot, DataSnapshot, ZooKeeperSession } from '../streams/session';

/**
 * The watch of a session for recipes that wait for what it tells, or follow it. Where the session's own would be silent
 * for ever, or for long, it errors at once, so that no wait outlives its hope:
 * - with `AUTH_FAILED` when the session's credentials were refused,
 * - with what the server refuses: `NO_AUTH` for a znode that may not be read, be it from the beginning or no longer.
 *   A right that is missing does not come by waiting; whoever expects it to be granted calls again.
 *
 * The same rule as that of `persistently`: what a retry may help against is waited for. Completes when the session is
 * closed.
 */
export function watchedData(session: ZooKeeperSession, path: string): Observable<DataSnapshot> {
  const hopeless$ = merge(
    authFailed(session),
    refused(session, 'data', path, () => session.get(path)),
  );
  return harmless(merge(session.watchData(path), hopeless$), session.log);
}

/** The names of the children, under the terms of {@link watchedData}. */
export function watchedChildren(session: ZooKeeperSession, path: string): Observable<ChildrenSnapshot> {
  const hopeless$ = merge(
    authFailed(session),
    refused(session, 'children', path, () => session.children(path)),
  );
  return harmless(merge(session.watchChildren(path), hopeless$), session.log);
}

function authFailed(session: ZooKeeperSession): Observable<never> {
  return session.state$.pipe(
    filter(({ name }) => name === 'AUTH_FAILED'),
    // Rejects with what it is that failed.
    mergeMap(() => session.connected()),
    ignoreElements(),
  );
}

/** Errors when the watch cannot be read, and the same reading is refused here too: the watch's refusal may be an old one. */
function refused(
  session: ZooKeeperSession,
  kind: 'data' | 'children',
  path: string,
  read: () => Promise<unknown>,
): Observable<never> {
  return session.watchFreshness(kind, path).pipe(
    filter((freshness) => !freshness.fresh && freshness.trouble?.outcome.retryable === false),
    mergeMap(async () => {
      try {
        await read();
      } catch (error) {
        if (!(error instanceof ZooKeeperError && error.outcome.retryable)) throw error;
      }
    }),
    ignoreElements(),
  );
}
