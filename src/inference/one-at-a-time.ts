/** Runs works one after another, in the order they were given. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was given until now is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
