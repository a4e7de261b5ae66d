/** One question to another clock: what it said, in whole milliseconds rounded down, and when by the local clock. */
export interface Exchange {
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly said: number;
}

/** How far another clock is ahead of the local one, and by how much that may be wrong. In milliseconds. */
export interface Offset {
  readonly offset: number;
  readonly errorBound: number;
}

/**
 * How far another clock is ahead of the local one, as an interval that holds the truth: the intersection of what all
 * exchanges allow. Whenever the other clock was read between `sentAt` and `receivedAt`, it showed `said` or up to 1 ms
 * more, so its offset is between `said - receivedAt` and `said + 1 - sentAt`. With age the interval widens by the rate
 * at which the two clocks may drift apart.
 *
 * The method is that of K. Marzullo and S. Owicki, "Maintaining the time in a distributed system" (1983), with one
 * source.
 */
export class OffsetEstimate {
  readonly #driftRate: number;
  #low = -Infinity;
  #high = Infinity;
  #at = 0;

  /** @param driftPpm how many millionths one clock may run faster than the other */
  constructor(driftPpm: number) {
    this.#driftRate = driftPpm / 1e6;
  }

  /** An exchange that contradicts the earlier ones means that one clock was set: then only the newest counts. */
  learn({ sentAt, receivedAt, said }: Exchange): void {
    const drift = this.#driftRate * (receivedAt - sentAt);
    const low = said - receivedAt - drift;
    const high = said + 1 - sentAt + drift;
    const aged = this.#driftRate * (receivedAt - this.#at);
    const agedLow = this.#low - aged;
    const agedHigh = this.#high + aged;
    const contradicts = low > agedHigh || high < agedLow;
    this.#low = contradicts ? low : Math.max(low, agedLow);
    this.#high = contradicts ? high : Math.min(high, agedHigh);
    this.#at = receivedAt;
  }

  /** The best guess at the local time `now`, the middle of the interval. Nothing learnt: the error has no bound. */
  at(now: number): Offset {
    if (this.#low === -Infinity) return { offset: 0, errorBound: Infinity };
    const drift = this.#driftRate * Math.max(0, now - this.#at);
    return { offset: (this.#low + this.#high) / 2, errorBound: (this.#high - this.#low) / 2 + drift };
  }
}
