const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** How long to wait before each next try: 100 ms, doubling, 30 s at the most. */
export class Backoff {
  #next = FIRST_MS;

  next(): number {
    const delay = this.#next;
    this.#next = Math.min(delay * 2, LONGEST_MS);
    return delay;
  }

  /** `workedMs`: how long it went well before this failure. Beyond the longest delay, the count starts anew. */
  worked(workedMs: number): void {
    if (workedMs > LONGEST_MS) this.#next = FIRST_MS;
  }
}
