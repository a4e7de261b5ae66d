import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What the thread is given: when the first millisecond of `arrivals` is, by the clock of `../clock`. */
export interface Schedule {
  readonly beginsAt: number;
  readonly arrivals: Float64Array;
}

/**
 * Tells how many arrivals are due, each time that more are. A thread of its own waits for them: timers of the
 * event loop are a millisecond coarse, and one that spins would take a core from what is measured.
 */
export class ArrivalClock implements AsyncDisposable {
  readonly #thread = new Worker(join(__dirname, 'arrival-clock-thread.js'));

  /** `onDue` gets the number of arrivals that are due so far; the last call is with all of them. */
  start(schedule: Schedule, onDue: (due: number) => void): void {
    this.#thread.removeAllListeners('message').on('message', onDue);
    this.#thread.postMessage(schedule);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}
