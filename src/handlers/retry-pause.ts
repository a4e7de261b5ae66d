import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../backoff';

/**
 * Waits before the attempt that follows `failures` failed ones: up to 200 ms, doubling to 30 s, or until `sooner`
 * resolves. False when `signal` ended the wait.
 */
export async function retryPause(
  failures: number,
  signal: AbortSignal,
  sooner?: Promise<void>,
): Promise<boolean> {
  if (signal.aborted) return false;
  const ms = backoffMs(failures - 1, { firstMs: 200, limitMs: 30_000 });
  const pause = delay(ms, undefined, { signal, ref: false });
  try {
    await Promise.race(sooner === undefined ? [pause] : [pause, sooner]);
    return true;
  } catch {
    // The only error of this timer is the abort that was asked for.
    return false;
  }
}
