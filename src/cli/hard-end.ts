import type { Logger } from 'pino';
import type { Replica } from '../runtime';

/**
 * Ends the process, once all else is closed, though worker threads of its replica hang. While one is inside a native
 * call the process can't end in the ordinary way: Node.js waits for the thread, or aborts. SIGKILL is what is left.
 */
export class HardEnd implements Disposable {
  readonly #log: Logger;
  #replica: Replica | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  of(replica: Replica): void {
    this.#replica = replica;
  }

  [Symbol.dispose](): void {
    const leftBehind = this.#replica?.leftBehind ?? [];
    if (leftBehind.length === 0) return;
    this.#log.fatal(
      { leftBehind },
      'all else is closed, but worker threads hang: this process ends itself with SIGKILL',
    );
    // An error that is on its way to the terminal gets there first.
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  }
}
