import { ZooKeeperError, type ZooKeeperErrorCode } from '../errors';
import { backoffMs } from '../backoff';
import type { ZooKeeperSession } from '../streams/session';
import { sessionOver } from './session-id';
import { connected, firstOf, pause } from './waiting';

const RETRY = { firstMs: 50, limitMs: 2000 };

/**
 * Repeats `attempt` as long as it fails with an error after which a retry may help, each time when there is a
 * connection, so it has to be one that may be repeated: a read, a write with a version, or a write that looks
 * first whether it has been carried out already. Rejects with the signal's reason at once when that aborts; the attempt
 * under way is then left to itself.
 */
export async function persistently<T>(
  session: ZooKeeperSession,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    await connected(session, signal);
    signal?.throwIfAborted();
    try {
      return await firstOf(attempt(), signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ZooKeeperError && error.outcome.retryable)) throw error;
    }
    await pause(backoffMs(failures, RETRY), signal);
  }
}

/**
 * The same for what only makes sense in the session with this id. Rejects with `SESSION_LOST` as soon as that is
 * over, which a broken connection is after the session timeout.
 */
export async function withinSession<T>(
  session: ZooKeeperSession,
  sessionId: string,
  attempt: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const end = () => {
    const outcome = { mayHaveHappened: true, retryable: false };
    over.abort(new ZooKeeperError('SESSION_LOST', `session ${sessionId} is over`, outcome));
  };
  const watching = sessionOver(session, sessionId).subscribe({ next: end, error: end });
  try {
    return await persistently(session, over.signal, attempt);
  } finally {
    watching.unsubscribe();
  }
}

/** Whether `error` is ZooKeeper's, with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ZooKeeperErrorCode[]): error is ZooKeeperError {
  return error instanceof ZooKeeperError && codes.includes(error.code);
}
