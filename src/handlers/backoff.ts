import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/** Milliseconds before the attempt after `failures` failed ones: doubling to 30 s, with up to a quarter of jitter. */
export function backoffMs(failures: number): number {
  const base = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return base * (1 - Math.random() / 4);
}

/** Waits `ms`; false when `signal` ended the wait. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  try {
    await delay(ms, undefined, { signal, ref: false });
    return true;
  } catch {
    // The only error of this timer is the abort that was asked for.
    return false;
  }
}
