import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { filter, firstValueFrom, fromEvent, NEVER, takeUntil } from 'rxjs';
import type { ZooKeeperError } from '../errors';
import { zooKeeperError, type Asked } from './reply-error';
import type { SessionLife } from './session-life';

/** States in which waiting for a connection is over. */
const SETTLED: ReadonlySet<string> = new Set(['CONNECTED', 'AUTH_FAILED', 'CLOSED']);

/** Resolves when the state is CONNECTED; rejects with `AUTH_FAILED`, `CLOSED`, or `TIMEOUT` for the signal. */
export async function awaitConnected(life: SessionLife, signal: AbortSignal | undefined): Promise<void> {
  const aborted$ = signal === undefined ? NEVER : fromEvent(signal, 'abort');
  const settled$ = life.state$.pipe(filter(({ name }) => SETTLED.has(name)));
  const state =
    signal?.aborted === true
      ? life.state
      : await firstValueFrom(settled$.pipe(takeUntil(aborted$)), { defaultValue: life.state });
  if (state.name === 'CONNECTED') return;
  const asked = { operation: 'connect', write: false };
  if (SETTLED.has(state.name)) throw unavailable(life, asked);
  const last = life.lastFailure === undefined ? '' : `, last because: ${life.lastFailure.message}`;
  throw zooKeeperError('TIMEOUT', `given up while ${state.name}${last}`, asked, {
    mayHaveHappened: false,
    retryable: true,
  });
}

/**
 * Refuses an operation for want of a connection. It takes a turn of the event loop to do so: whoever retries
 * without a pause would otherwise keep the connection from ever coming back.
 */
export async function refuse(life: SessionLife, asked: Asked): Promise<never> {
  const error = unavailable(life, asked);
  await turnOfTheEventLoop();
  throw error;
}

function unavailable(life: SessionLife, asked: Asked): ZooKeeperError {
  if (life.closing) {
    const outcome = { mayHaveHappened: false, retryable: false };
    return zooKeeperError('CLOSED', 'the session is closed', asked, outcome);
  }
  if (life.state.name === 'AUTH_FAILED') {
    const outcome = { mayHaveHappened: false, retryable: false };
    return zooKeeperError('AUTH_FAILED', 'the credentials were refused', asked, outcome);
  }
  const outcome = { mayHaveHappened: false, retryable: true };
  return zooKeeperError('CONNECTION_LOSS', `not connected (${life.state.name})`, asked, outcome);
}
