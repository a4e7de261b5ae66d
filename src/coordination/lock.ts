import { filter, merge } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { HeldLock } from './held-lock';
import { inBackground } from './in-background';
import { createOwnNode, type OwnNode } from './own-node';
import { hasCode, persistently } from './persistently';
import { inSequence } from './sequence';
import { sameSession, sessionOver } from './session-id';
import { firstOf } from './waiting';
import { watchedData } from './watched';

export interface AcquireOptions {
  /** Gives up waiting; `AbortSignal.timeout(ms)` is a deadline. */
  readonly signal?: AbortSignal;
  /** Written to the lock's znode: who holds it, for whoever looks. */
  readonly data?: Uint8Array;
}

/**
 * Waits its turn for the lock that `directory` stands for, a znode of its own that is made if need be.
 *
 * Guarantees:
 * - One holder at a time, first come first served, as long as holders stop acting when they are told to
 *   ({@link HeldLock.doubt}). What may come too late all the same, such as a write already under way elsewhere, is
 *   refused by its fencing token or by {@link HeldLock.commit}.
 * - A holder whose process, host or connection dies loses the lock at the session timeout.
 * - Who waits watches the one before, so that a release wakes one waiter and not all. A reply that was lost makes no
 *   second place in the queue. A session that expires while it waits queues again, at the end.
 * - A wait that was given up leaves nothing behind: its znode goes as soon as there is a connection, or with the
 *   session; its watch at once.
 *
 * What cannot be promised: that a process which is paused (by its garbage collector, or by its host) for longer than the
 * session timeout notices in time; then two believe that they hold the lock, and only the token tells them apart.
 * Fairness between clients that expire. More than 2^31 acquisitions on one znode (`EXHAUSTED`). A lock is not
 * re-entrant.
 *
 * Rejects with the signal's reason, with `CLOSED` or `AUTH_FAILED` for the session's end, or with what the server
 * refuses, such as `NO_AUTH`; with `BAD_ARGUMENTS` for arguments that cannot be right.
 */
export async function acquireLock(
  session: ZooKeeperSession,
  directory: string,
  options: AcquireOptions = {},
): Promise<HeldLock> {
  const { signal, data = new Uint8Array() } = options;
  checkArguments({ session, directory, options, signal, data });
  let former: string | undefined;
  for (;;) {
    const own = await createOwnNode(session, directory, data, signal, former);
    try {
      if (await awaitTurn(session, directory, own, signal)) {
        const lock = new HeldLock(session, own, directory);
        if (lock.state !== 'LOST') return lock;
      }
    } catch (error) {
      if (!hasCode(error, 'SESSION_LOST')) {
        inBackground(session, own.remove());
        throw error;
      }
    }
    former = own.tag;
  }
}

/**
 * True when nobody is before `own` any more; false when that is gone by somebody's hand. Rejects with `SESSION_LOST`
 * when its session is over.
 */
async function awaitTurn(
  session: ZooKeeperSession,
  directory: string,
  own: OwnNode,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (;;) {
    // In another session `own` may still be there, and stands for nobody.
    const same = () => sameSession(session, own.sessionId);
    const listed = await persistently(session, signal, async () => same().children(directory));
    const queue = inSequence(listed?.names ?? []).map(({ name }) => name);
    const place = queue.indexOf(own.name);
    const before = queue[place - 1];
    if (before === undefined) return place === 0;
    const gone$ = watchedData(session, `${directory}/${before}`).pipe(
      filter(({ node }) => node === undefined),
    );
    await firstOf(merge(gone$, sessionOver(session, own.sessionId)), signal);
  }
}
