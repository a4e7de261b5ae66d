/** The seed of this run's random tests: `ZOOSERVE_TEST_SEED`, or a new one each time. Put it into the test's name. */
export const TEST_SEED = Number(process.env['ZOOSERVE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

/** A source of random numbers that gives the same ones for the same seed (Marsaglia's xorshift of 32 bits). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    // The state may not be zero, and small seeds should differ from the start.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Gives each of `values` once, in an order of chance, then each of them once more in another order, and so on. */
  rounds<T>(values: readonly [T, ...T[]]): () => T {
    let round: T[] = [];
    return () => {
      if (round.length === 0) round = [...values];
      const [value = values[0]] = round.splice(this.between(0, round.length - 1), 1);
      return value;
    };
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.between(0, values.length - 1)] ?? values[0];
  }
}
