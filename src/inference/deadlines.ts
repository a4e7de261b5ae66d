import type { AdmittedRequest } from './admitted-request';

/** The longest that a timer of Node.js can wait. */
const TIMER_MAX_MS = 2_147_483_647;

/**
 * Fails requests as their deadlines pass. One timer for all of them, set for the earliest deadline that was
 * known when it was set: nearly every request is answered long before, so the timer fires about once per
 * timeout, looks at those still there and is set anew; a request costs one comparison.
 */
export class Deadlines {
  readonly #requests: Iterable<AdmittedRequest>;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;

  /** `requests`: those not yet settled, kept by the owner. */
  constructor(requests: Iterable<AdmittedRequest>) {
    this.#requests = requests;
  }

  watch(request: AdmittedRequest): void {
    if (request.deadline < this.#due) this.#setFor(request.deadline);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#due = Infinity;
  }

  #setFor(due: number): void {
    clearTimeout(this.#timer);
    this.#due = due;
    if (due === Infinity) return;
    const wait = Math.min(Math.max(1, Math.ceil(due - performance.now())), TIMER_MAX_MS);
    this.#timer = setTimeout(() => {
      this.#expire();
    }, wait);
    // Left over after the last request of a busy time, it must not hold up the end of the process.
    this.#timer.unref();
  }

  #expire(): void {
    const now = performance.now();
    let earliest = Infinity;
    for (const request of this.#requests) {
      if (request.deadline <= now) request.failExpired();
      else if (request.deadline < earliest) earliest = request.deadline;
    }
    this.#setFor(earliest);
  }
}
