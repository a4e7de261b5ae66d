import type { Metrics } from '../metrics';

/**
 * Worker threads that were given up and have not ended. One that is inside a native call can't be ended by
 * anything: to stop it from outside, or to end the process in the ordinary way, aborts the process or waits for
 * ever. Each keeps its model's memory, too.
 */
export class LeftBehind {
  readonly #names = new Map<Promise<unknown>, string>();
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** What they were, as a sentence would name them. */
  get names(): readonly string[] {
    return [...this.#names.values()];
  }

  /** `ended` resolves if the thread ends after all. */
  add(name: string, ended: Promise<unknown>): void {
    this.#names.set(ended, name);
    this.#metrics.workersLeftBehind.set(this.#names.size);
    void ended.then(() => {
      this.#names.delete(ended);
      this.#metrics.workersLeftBehind.set(this.#names.size);
    });
  }
}
