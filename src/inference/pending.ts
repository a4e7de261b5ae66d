import { Expected } from './expected';

interface Asked<T> {
  readonly id: number;
  readonly expected: Expected<T>;
}

/**
 * Questions that were asked and not yet answered, by number: a few at the most. Not in a `Map`, whose outgrown tables would
 * keep each other in memory (`line.ts`).
 */
export class Pending<T> {
  readonly #asked: Asked<T>[] = [];
  #next = 0;

  get size(): number {
    return this.#asked.length;
  }

  ask(): { readonly id: number; readonly answer: Promise<T> } {
    const id = this.#next++;
    const expected = new Expected<T>();
    this.#asked.push({ id, expected });
    return { id, answer: expected.promise };
  }

  /** Without effect when it has been settled before. */
  answer(id: number, value: T): void {
    this.#take(id)?.resolve(value);
  }

  fail(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  failAll(error: Error): void {
    for (const { expected } of this.#asked.splice(0)) expected.reject(error);
  }

  #take(id: number): Expected<T> | undefined {
    const at = this.#asked.findIndex((asked) => asked.id === id);
    return at < 0 ? undefined : this.#asked.splice(at, 1)[0]?.expected;
  }
}
