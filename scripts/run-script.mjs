import { untilInterrupted } from './interruption.mjs';
import { Interrupted, SetUpError } from './set-up-error.mjs';

/**
 * Runs a script's `work` and sets the status that the process will end with: what `work` returns, 1 and the plain
 * message for a `SetUpError`, `whenEnded` or else 128 and the signal's number after an interruption.
 *
 * @param {(signal: AbortSignal) => Promise<number>} work
 * @param {{ whenEnded?: number }} [options] `whenEnded`: the status after a SIGTERM
 * @returns {Promise<boolean>} whether `work` came to its end
 */
export async function runScript(work, { whenEnded } = {}) {
  try {
    process.exitCode = await untilInterrupted(work);
    return true;
  } catch (error) {
    if (error instanceof Interrupted) {
      process.exitCode = error.by === 'SIGTERM' ? (whenEnded ?? error.exitCode) : error.exitCode;
    } else if (error instanceof SetUpError) {
      console.error(`\n${error.message}`);
      process.exitCode = 1;
    } else {
      throw error;
    }
    return false;
  }
}
