import { distinctUntilChanged, map, of, switchMap, type Observable } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { inSequence } from './sequence';
import { watchedChildren, watchedData } from './watched';

export interface Leader {
  /** What it stood with. */
  readonly data: Buffer;
  /** The fencing token of its term. */
  readonly token: string;
}

/**
 * Who leads on the znode `directory`, now and after each change, for those who do not stand themselves; undefined:
 * nobody. It is the one whose turn it is, which may not have heard of it yet, or may have died less than a session
 * timeout ago. While this session is not connected, the last known one stays.
 *
 * Each who watches is woken by every candidate that comes or goes. Completes when the session is closed; errors with
 * `AUTH_FAILED`, and with `NO_AUTH` when the znode or the leader's may not be read. Throws `BAD_ARGUMENTS` for arguments
 * that cannot be right.
 */
export function watchLeader(session: ZooKeeperSession, directory: string): Observable<Leader | undefined> {
  checkArguments({ session, directory });
  return watchedChildren(session, directory).pipe(
    map(({ node }) => inSequence(node?.names ?? [])[0]?.name),
    distinctUntilChanged(),
    switchMap((name) => (name === undefined ? of(undefined) : watchedData(session, `${directory}/${name}`))),
    map((seen) =>
      seen?.node === undefined ? undefined : { data: seen.node.data, token: seen.node.stat.czxid },
    ),
    distinctUntilChanged((a, b) => a?.token === b?.token),
  );
}
