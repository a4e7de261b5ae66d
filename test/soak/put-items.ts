/** Items by their names, which are their data: what was put, and which of them were in the queue more than once. */
export class PutItems {
  /** How often the connection broke while it was being put. */
  readonly #breaks = new Map<string, number>();
  /** Ids of items with the data of one that was done already. */
  readonly #again = new Map<string, Set<string>>();

  get names(): readonly string[] {
    return [...this.#breaks.keys()];
  }

  /** How many items there were beyond those that were put. */
  get doubled(): number {
    return [...this.#again.values()].reduce((total, ids) => total + ids.size, 0);
  }

  /** @param breaks of the putter's connection, from before it put until it was told that it had */
  put(name: string, breaks: number): void {
    this.#breaks.set(name, breaks);
  }

  /** The item `id` has the data of one that is done. The same one may be told of again. */
  again(name: string, id: string): void {
    this.#again.set(name, (this.#again.get(name) ?? new Set()).add(id));
  }

  /**
   * Items that were in the queue more often than `WorkQueue.put` allows: a reply that was lost makes a second one only
   * if the first was done before the putter was back, and it takes a broken connection to lose a reply.
   */
  complaints(): string[] {
    return [...this.#again].flatMap(([name, ids]) => {
      const breaks = this.#breaks.get(name) ?? 0;
      return ids.size <= breaks
        ? []
        : [`${name} was in the queue ${ids.size + 1} times, and the connection broke ${breaks} times while it was put`]; // prettier-ignore
    });
  }
}
