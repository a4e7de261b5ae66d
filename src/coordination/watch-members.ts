import { Observable, Subscription } from 'rxjs';
import { harmless } from '../streams/harmless';
import type { DataSnapshot, ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { watchedChildren, watchedData } from './watched';

export interface Member {
  readonly data: Buffer;
  /** The zxid of its joining: another one each time that a member of this name comes. */
  readonly joined: string;
  /** When it joined: milliseconds since 1970 by the ensemble's clock. */
  readonly since: number;
}

/**
 * The members of the group of the znode `directory` by their names, with their data, now and after each change: the
 * latest, eventually; a member that comes and goes in between may not be seen. While this session is not connected,
 * the last known ones stay. Each who watches holds a watch for each member.
 *
 * Completes when the session is closed; errors with `AUTH_FAILED`, and with `NO_AUTH` when the group or a member of it may
 * not be read. Throws `BAD_ARGUMENTS` for arguments that cannot be right.
 */
export function watchMembers(
  session: ZooKeeperSession,
  directory: string,
): Observable<ReadonlyMap<string, Member>> {
  checkArguments({ session, directory });
  const members$ = new Observable<ReadonlyMap<string, Member>>((subscriber) => {
    const members = new Map<string, WatchedMember>();
    const watch = (name: string, member: WatchedMember) => {
      member.watching.add(
        watchedData(session, `${directory}/${name}`).subscribe({
          next: (seen) => {
            member.seen = seen;
            tell();
          },
          error: fail,
        }),
      );
    };
    const tell = () => {
      const all = [...members.values()];
      // Not before each was read once.
      if (all.every(({ seen }) => seen !== undefined)) subscriber.next(present(members));
    };
    const fail = (error: unknown) => {
      subscriber.error(error);
    };
    const watching = watchedChildren(session, directory).subscribe({
      next: ({ node }) => {
        const names = new Set(node?.names);
        for (const [name, { watching: one }] of members) {
          if (names.has(name)) continue;
          one.unsubscribe();
          members.delete(name);
        }
        const joined = [...names]
          .filter((name) => !members.has(name))
          .map((name) => ({ name, member: { seen: undefined, watching: new Subscription() } }));
        // All are noted before one is watched, which may tell at once.
        for (const { name, member } of joined) members.set(name, member);
        for (const { name, member } of joined) watch(name, member);
        tell();
      },
      error: fail,
      complete: () => {
        subscriber.complete();
      },
    });
    return () => {
      watching.unsubscribe();
      for (const { watching: one } of members.values()) one.unsubscribe();
    };
  });
  return harmless(members$, session.log);
}

interface WatchedMember {
  seen: DataSnapshot | undefined;
  readonly watching: Subscription;
}

function present(members: ReadonlyMap<string, WatchedMember>): ReadonlyMap<string, Member> {
  return new Map(
    [...members].flatMap(([name, { seen }]) => {
      if (seen?.node === undefined) return [];
      const { data, stat } = seen.node;
      return [[name, { data, joined: stat.czxid, since: stat.ctime }] as const];
    }),
  );
}
