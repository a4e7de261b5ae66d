import { catchError, concatMap, defer, EMPTY, from, retry, timer, type Observable } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import type { Stat } from '../streams/stat';

/**
 * How long a removal must have stood before it is believed. A recursive delete of the whole root takes the
 * znodes of each model away one by one, before their parents.
 */
export const REMOVAL_SETTLES_MS = 500;

/** What is at `path` after {@link REMOVAL_SETTLES_MS}, once there is a connection; nothing when the session is closed. */
export function settledStat(session: ZooKeeperSession, path: string): Observable<Stat | undefined> {
  return timer(REMOVAL_SETTLES_MS).pipe(
    concatMap(() =>
      defer(() => from(session.connected())).pipe(
        concatMap(() => from(session.exists(path))),
        retry({ delay: () => (session.state.name === 'CLOSED' ? EMPTY : timer(REMOVAL_SETTLES_MS)) }),
        catchError(() => EMPTY),
      ),
    ),
  );
}
