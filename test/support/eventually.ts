import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { errorMessage } from '../../src/errors';

const POLL_MS = 5;

/**
 * Asks `look` again and again until `wanted` holds for what it gives, and returns that. Fails after `timeoutMs`
 * and says what was seen last.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  wanted: (seen: T) => boolean = Boolean,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last = 'nothing';
  do {
    try {
      const seen = await look();
      if (wanted(seen)) return seen;
      last = inspect(seen, { depth: 4 });
    } catch (error) {
      last = `an error: ${errorMessage(error)}`;
    }
    await sleep(POLL_MS);
  } while (performance.now() < deadline);
  throw new Error(`not seen within ${timeoutMs} ms; seen last: ${last}`);
}
