/**
 * Tells the event loop that the worker is alive, without a message: one number in shared memory, raised at
 * each step that may take long.
 */
export class Progress {
  readonly #steps: Int32Array;

  /** Of 4 bytes; left out where nobody looks. */
  constructor(shared = new SharedArrayBuffer(4)) {
    this.#steps = new Int32Array(shared);
  }

  step(): void {
    Atomics.add(this.#steps, 0, 1);
  }
}
