import { distinctUntilChanged, map, type Observable } from 'rxjs';
import type { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';

/** Why a znode that is watched is not told, for want of the right to read it; undefined: it is, or may be. */
export function watchRefusal(
  session: ZooKeeperSession,
  kind: 'data' | 'children',
  path: string,
): Observable<ZooKeeperError | undefined> {
  return session.watchFreshness(kind, path).pipe(
    map((freshness) => (freshness.fresh ? undefined : freshness.trouble)),
    map((trouble) => (trouble?.code === 'NO_AUTH' ? trouble : undefined)),
    distinctUntilChanged((before, after) => before?.message === after?.message),
  );
}
