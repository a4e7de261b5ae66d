import type { MessagePort } from 'node:worker_threads';
import type { ToWorker } from './protocol';

/** Messages from the event loop, one at a time and in order. */
export class Inbox {
  readonly #waiting: ToWorker[] = [];
  #wake: ((message: ToWorker) => void) | undefined;
  #ended = false;

  constructor(port: MessagePort) {
    // The only writer to this port is the event loop's side of the protocol.
    port.on('message', (message: ToWorker) => {
      this.#ended ||= message.type === 'end';
      const wake = this.#wake;
      this.#wake = undefined;
      if (wake === undefined) this.#waiting.push(message);
      else wake(message);
    });
  }

  /** An `end` has come, perhaps behind messages that are still to be answered. */
  get ended(): boolean {
    return this.#ended;
  }

  /** One reader at a time. */
  next(): Promise<ToWorker> {
    const message = this.#waiting.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
