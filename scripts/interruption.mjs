import { Interrupted } from './set-up-error.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs `work` with an AbortSignal that the first SIGINT, SIGTERM or SIGHUP aborts (reason: `Interrupted`), so that
 * children are waited for and locks are given back. Further signals change nothing; the process's own handling
 * of signals is as before once `work` has ended.
 */
export async function untilInterrupted(work) {
  const controller = new AbortController();
  const abort = (name) => controller.abort(new Interrupted(name));
  for (const name of SIGNALS) process.on(name, abort);
  try {
    const result = await work(controller.signal);
    controller.signal.throwIfAborted();
    return result;
  } finally {
    for (const name of SIGNALS) process.off(name, abort);
  }
}
