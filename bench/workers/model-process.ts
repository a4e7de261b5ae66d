import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Expected } from '../../src/inference/expected';
import { Pending } from '../../src/inference/pending';
import type { BatchToRun } from '../../src/inference/request-batch';
import type { BatchAnswers, FromWorker, ToWorker, WorkerData } from '../../src/inference/worker/protocol';

/** The event loop's end of a worker in a process of its own: the messages of a worker thread, through a pipe. */
export class ModelProcess {
  readonly alive = true;
  readonly #child: ChildProcess;
  readonly #ready = new Expected<boolean>();
  readonly #batches = new Pending<BatchAnswers>();

  private constructor(data: WorkerData) {
    this.#child = fork(join(__dirname, 'worker-process.js'), { serialization: 'advanced' });
    this.#child.on('message', (message: FromWorker) => {
      if (message.type === 'ready') this.#ready.resolve(message.signature.batchable);
      else if (message.type === 'answers') this.#batches.answer(message.id, message);
    });
    void once(this.#child, 'exit').then(([code]) => {
      this.#ready.reject(new Error(`the worker process ended with ${String(code)}`));
    });
    this.#send({ type: 'load', data });
  }

  /** Resolves when it has loaded its model, to itself and whether requests may be joined. */
  static async start(data: WorkerData): Promise<{ runner: ModelProcess; batchable: boolean }> {
    const runner = new ModelProcess(data);
    return { runner, batchable: await runner.#ready.promise };
  }

  run(batch: BatchToRun): Promise<BatchAnswers> {
    const { id, answer } = this.#batches.ask();
    this.#send({ type: 'batch', id, ...batch });
    return answer;
  }

  #send(message: ToWorker): void {
    this.#child.send(message);
  }
}
