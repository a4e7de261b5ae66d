/** Batches looked back at: one that was slow for once does not count. */
const LAST = 5;
/** Batches take turns to be slower and faster; who is likely to be late is not worth a place. */
const MARGIN = 1.25;

/** How long the batches of one version take at present. */
export class BatchTime {
  readonly #last: number[] = [];
  /** Of the last ones in order of length; 0 before there are enough. */
  #middle = 0;

  /** One took so many milliseconds. */
  took(ms: number): void {
    this.#last.push(ms);
    if (this.#last.length > LAST) this.#last.shift();
    if (this.#last.length === LAST) this.#middle = [...this.#last].sort((a, b) => a - b)[(LAST - 1) / 2] ?? 0;
  }

  /**
   * Milliseconds that the next one is likely to need, with a margin; 0 before there is a history. Never more than half
   * of `timeoutMs`: a request that has just come is always tried, and times that were bad are found to be better.
   */
  expectedMs(timeoutMs: number): number {
    return Math.min(MARGIN * this.#middle, timeoutMs / 2);
  }
}
