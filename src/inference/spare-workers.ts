import type { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { errorMessage } from '../errors';
import { startWorker } from './start-worker';
import { SPARE } from './worker/protocol';

/**
 * Worker threads that load their code, ONNX Runtime's among it, before anybody knows for which model: at the start of
 * a replica that is most of what the first versions take. Each takes one model and is not replaced.
 */
export class SpareWorkers implements AsyncDisposable {
  readonly #idle = new Set<Worker>();
  /** Losses that are not logged yet. */
  #lost: (readonly [message: string, error: string])[] = [];
  #log: Logger | undefined;

  /** `start` starts one that loads its code and waits. */
  constructor(count: number, start: () => Worker = startSpare) {
    for (let i = 0; i < count; i += 1) this.#add(start);
  }

  /** Where it is said that one was lost, also before this call: spares begin before there is a log. */
  reportTo(log: Logger): void {
    this.#log = log;
    for (const [message, error] of this.#lost) log.warn({ error }, message);
    this.#lost = [];
  }

  /** Any thread: a spare one while there are some. @throws when the system has no thread to give. */
  take(): Worker {
    for (const worker of this.#idle) {
      this.#idle.delete(worker);
      worker.removeAllListeners('error').removeAllListeners('exit');
      worker.ref();
      return worker;
    }
    return startWorker();
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

  /** Whoever needs a thread finds out by then whether the system has one to give: a spare that is lost is only told. */
  #add(start: () => Worker): void {
    let worker: Worker;
    try {
      worker = start();
    } catch (error) {
      this.#tell('no worker thread could be started ahead', errorMessage(error));
      return;
    }
    const lose = (reason: string): void => {
      if (this.#idle.delete(worker)) this.#tell('a worker thread that was started ahead has ended', reason);
    };
    worker.unref();
    worker.on('error', (error) => {
      lose(errorMessage(error));
    });
    worker.on('exit', (code) => {
      lose(`exit code ${code}`);
    });
    this.#idle.add(worker);
  }

  #tell(message: string, error: string): void {
    if (this.#log === undefined) this.#lost.push([message, error]);
    else this.#log.warn({ error }, message);
  }
}

function startSpare(): Worker {
  return startWorker({ workerData: SPARE });
}
