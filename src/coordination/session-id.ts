import { distinctUntilChanged, filter, map, type Observable } from 'rxjs';
import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { connected } from './waiting';

/** The id of the session that lives, which is what `ephemeralOwner` of its znodes says, once there is a connection. */
export async function connectedSessionId(session: ZooKeeperSession, signal?: AbortSignal): Promise<string> {
  for (;;) {
    await connected(session, signal);
    const { state } = session;
    if (state.name === 'CONNECTED') return state.sessionId;
  }
}

/**
 * `session`, if it is still the one with this id; throws `SESSION_LOST` otherwise, and `CONNECTION_LOSS` while that is
 * not known. A request made on it in the same turn belongs to that session and can take effect in no other.
 */
export function sameSession(session: ZooKeeperSession, sessionId: string): ZooKeeperSession {
  const { state } = session;
  if (state.name === 'CONNECTED' && state.sessionId === sessionId) return session;
  if (state.name === 'SUSPENDED') {
    throw new ZooKeeperError('CONNECTION_LOSS', 'not connected (SUSPENDED)', {
      mayHaveHappened: false,
      retryable: true,
    });
  }
  throw new ZooKeeperError('SESSION_LOST', `session ${sessionId} is over`, {
    mayHaveHappened: false,
    retryable: false,
  });
}

/** Tells the state of the session with this id: whether it lives, may live, or is over; completes after `LOST`. */
export type SessionHold = 'HELD' | 'IN_DOUBT' | 'LOST';

export function sessionHold(session: ZooKeeperSession, sessionId: string): Observable<SessionHold> {
  return session.state$.pipe(
    map((state) => {
      if (state.name === 'CONNECTED') return state.sessionId === sessionId ? 'HELD' : 'LOST';
      return state.name === 'SUSPENDED' ? 'IN_DOUBT' : 'LOST';
    }),
    distinctUntilChanged(),
  );
}

/** Gives one value when the session with this id is over. */
export function sessionOver(session: ZooKeeperSession, sessionId: string): Observable<SessionHold> {
  return sessionHold(session, sessionId).pipe(filter((hold) => hold === 'LOST'));
}
