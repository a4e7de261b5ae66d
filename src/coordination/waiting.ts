import { setTimeout as sleep } from 'node:timers/promises';
import { from, merge, Observable, take, throwIfEmpty, type ObservableInput } from 'rxjs';
import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';

/** The first value of `source$`. Rejects with the signal's reason, or `CLOSED` when the source ends without one. */
export async function firstOf<T>(source$: ObservableInput<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  const value$ = from(source$).pipe(take(1), throwIfEmpty(closed));
  const first$ = signal === undefined ? value$ : merge(value$, aborting(signal)).pipe(take(1));
  return await new Promise<T>((resolve, reject) => {
    first$.subscribe({ next: resolve, error: reject });
  });
}

/** Resolves when the session is connected. Rejects with the signal's reason, `CLOSED` or `AUTH_FAILED`. */
export async function connected(session: ZooKeeperSession, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await session.connected(signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Rejects with the signal's reason. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Never gives a value; errors with the signal's reason. */
function aborting(signal: AbortSignal): Observable<never> {
  return new Observable((subscriber) => {
    const onAbort = () => {
      subscriber.error(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    return () => {
      signal.removeEventListener('abort', onAbort);
    };
  });
}

function closed(): ZooKeeperError {
  return new ZooKeeperError('CLOSED', 'the session was closed', { mayHaveHappened: false, retryable: false });
}
