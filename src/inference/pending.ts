import { Expected } from './expected';

/** Questions that were asked and not yet answered, by number. */
export class Pending<T> {
  readonly #asked = new Map<number, Expected<T>>();
  #next = 0;

  get size(): number {
    return this.#asked.size;
  }

  ask(): { readonly id: number; readonly answer: Promise<T> } {
    const id = this.#next++;
    const expected = new Expected<T>();
    this.#asked.set(id, expected);
    return { id, answer: expected.promise };
  }

  /** Without effect when it has been settled before. */
  answer(id: number, value: T): void {
    this.#asked.get(id)?.resolve(value);
    this.#asked.delete(id);
  }

  fail(id: number, error: Error): void {
    this.#asked.get(id)?.reject(error);
    this.#asked.delete(id);
  }

  failAll(error: Error): void {
    for (const expected of this.#asked.values()) expected.reject(error);
    this.#asked.clear();
  }
}
