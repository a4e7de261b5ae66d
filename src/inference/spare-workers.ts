import { Worker } from 'node:worker_threads';
import { WORKER_MAIN } from './worker/main-path';
import { SPARE } from './worker/protocol';

/**
 * Worker threads that load their code, ONNX Runtime's among it, before anybody knows for which model: at the start of
 * a replica that is most of what the first versions take. Each takes one model and is not replaced.
 */
export class SpareWorkers implements AsyncDisposable {
  readonly #idle = new Set<Worker>();

  constructor(count: number) {
    for (let i = 0; i < count; i += 1) this.#add();
  }

  /** Any thread: a spare one while there are some. @throws when the system has no thread to give. */
  take(): Worker {
    for (const worker of this.#idle) {
      this.#idle.delete(worker);
      worker.removeAllListeners('error').removeAllListeners('exit');
      worker.ref();
      return worker;
    }
    return new Worker(WORKER_MAIN);
  }

  /** Ends those that nobody took. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = [...this.#idle].map(
      (worker) =>
        new Promise<void>((resolve) => {
          worker.once('exit', () => {
            resolve();
          });
          worker.ref();
          worker.postMessage({ type: 'end' });
        }),
    );
    this.#idle.clear();
    await Promise.all(ended);
  }

  #add(): void {
    let worker: Worker;
    try {
      worker = new Worker(WORKER_MAIN, { workerData: SPARE });
    } catch {
      // Whoever needs a thread finds out whether the system has one to give by then.
      return;
    }
    worker.unref();
    worker.on('error', () => this.#idle.delete(worker));
    worker.on('exit', () => this.#idle.delete(worker));
    this.#idle.add(worker);
  }
}
