const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** How long to wait before each next try: 100 ms, doubling, 30 s at the most, or as is said. */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #next: number;

  constructor(firstMs = FIRST_MS, longestMs = LONGEST_MS) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#next = firstMs;
  }

  next(): number {
    const delay = this.#next;
    this.#next = Math.min(delay * 2, this.#longestMs);
    return delay;
  }

  /** `workedMs`: how long it went well before this failure. Beyond the longest delay, the count starts anew. */
  worked(workedMs: number): void {
    if (workedMs > this.#longestMs) this.#next = this.#firstMs;
  }
}
