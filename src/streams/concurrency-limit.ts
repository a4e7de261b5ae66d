/** Lets at most `limit` tasks run at a time; the others wait their turn, first come first served. */
export class ConcurrencyLimit {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      // A place is handed on and not freed in between, so nobody who comes later overtakes.
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
