import { setTimeout as sleep } from 'node:timers/promises';

/** Ends early, and without an error, when `stop` aborts. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: stop });
  } catch {
    // The run is over.
  }
}
