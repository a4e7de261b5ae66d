import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { ModelError, RequestError, errorMessage } from '../errors';
import type { BatchToRun } from './batcher';
import { Expected } from './expected';
import { modelLines } from './model-lines';
import { WORKER_MAIN } from './worker/main-path';
import type {
  BatchAnswers,
  FromWorker,
  ParamsEpoch,
  ParamsRefusal,
  ToWorker,
  WorkerData,
  WorkerFailed,
  WorkerPhase,
  WorkerReady,
} from './worker/protocol';

/** Milliseconds from the start of a thread to its `ready`. */
export const LOAD_TIMEOUT_MS = 120_000;
const CALL_TIMEOUT_MS = 30_000;

export interface ModelThreadOptions {
  readonly data: WorkerData;
  readonly log: Logger;
  /** Default {@link LOAD_TIMEOUT_MS}. */
  readonly loadTimeoutMs?: number | undefined;
  /** Milliseconds for a batch in progress to finish when the thread is asked something or asked to end; 30 s. */
  readonly callTimeoutMs?: number | undefined;
  readonly onPhase?: ((phase: WorkerPhase) => void) | undefined;
}

/**
 * Starts the worker thread of one version and waits until it has verified, loaded and warmed its model.
 * Rejects with the ModelError that the worker reports, with CRASHED_WHILE_LOADING when the thread ends before it
 * is ready, with TIMEOUT when it is neither. A thread that hangs is left alone (ending it from outside while it
 * is in native code would abort the process); it is told to end as soon as it listens again.
 */
export async function startModelThread(options: ModelThreadOptions): Promise<ModelThread> {
  const thread = new ModelThread(options);
  await thread.started;
  return thread;
}

/** The event loop's end of a worker thread. */
export class ModelThread {
  /** Resolves when the thread may be used; {@link startModelThread} waits for it. */
  readonly started: Promise<void>;
  /** Resolves once the thread is gone, with the reason: also when it was asked to end. */
  readonly gone: Promise<string>;

  readonly #worker: Worker;
  readonly #data: WorkerData;
  readonly #log: Logger;
  readonly #lines: Logger;
  readonly #loadTimeoutMs: number;
  readonly #callTimeoutMs: number;
  readonly #onPhase: ((phase: WorkerPhase) => void) | undefined;
  readonly #start = new Expected<void>();
  readonly #exit = new Expected<string>();
  readonly #batches = new Map<number, Expected<BatchAnswers>>();
  readonly #checks = new Map<number, Expected<ParamsRefusal | undefined>>();
  #ready: WorkerReady | undefined;
  #failed: WorkerFailed | undefined;
  #uncaught: string | undefined;
  #ended: Promise<void> | undefined;
  #goneBecause: string | undefined;
  #nextId = 0;

  constructor({ data, log, onPhase, ...limits }: ModelThreadOptions) {
    const bindings = { model: data.files.model, version: data.files.version };
    this.#data = data;
    this.#log = log.child(bindings);
    this.#lines = modelLines(this.#log);
    this.#loadTimeoutMs = limits.loadTimeoutMs ?? LOAD_TIMEOUT_MS;
    this.#callTimeoutMs = limits.callTimeoutMs ?? CALL_TIMEOUT_MS;
    this.#onPhase = onPhase;
    this.gone = this.#exit.promise;
    this.#worker = new Worker(WORKER_MAIN, { workerData: data });
    this.#worker.on('message', (message: FromWorker) => {
      this.#onMessage(message);
    });
    this.#worker.on('error', (error) => {
      this.#uncaught = errorMessage(error);
    });
    this.#worker.on('exit', (code) => {
      this.#onExit(this.#uncaught ?? `exit code ${code}`);
    });
    const timer = setTimeout(() => {
      this.#giveUpLoading();
    }, this.#loadTimeoutMs);
    this.started = this.#start.promise.finally(() => {
      clearTimeout(timer);
    });
  }

  get alive(): boolean {
    return this.#goneBecause === undefined;
  }

  /** What the worker said of its model. */
  get ready(): WorkerReady {
    if (this.#ready === undefined) throw new Error(`${this.#name} is not ready`);
    return this.#ready;
  }

  /** Runs one batch; `bodies` is transferred. Rejects with NOT_READY when the thread is gone or goes. */
  run(batch: BatchToRun): Promise<BatchAnswers> {
    if (this.#goneBecause !== undefined) return Promise.reject(this.#goneError(this.#goneBecause));
    const id = this.#nextId++;
    const answers = new Expected<BatchAnswers>();
    this.#batches.set(id, answers);
    this.#post({ type: 'batch', id, ...batch }, [batch.bodies]);
    return answers.promise;
  }

  /** What the model's handler has against `params`, undefined for nothing. Rejects with NOT_READY as `run` does. */
  async checkParams(params: ParamsEpoch): Promise<ParamsRefusal | undefined> {
    if (this.#goneBecause !== undefined) throw this.#goneError(this.#goneBecause);
    const id = this.#nextId++;
    const verdict = new Expected<ParamsRefusal | undefined>();
    this.#checks.set(id, verdict);
    this.#post({ type: 'check-params', id, ...params });
    const timer = setTimeout(() => {
      this.#checks.delete(id);
      verdict.reject(
        new RequestError('NOT_READY', `${this.#name} did not answer within ${this.#callTimeoutMs} ms`),
      );
    }, this.#callTimeoutMs);
    try {
      return await verdict.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Asks the thread to end after what it was given before. Resolves when it is gone; a thread that does not
   * end in time is reported and left behind.
   */
  end(): Promise<void> {
    this.#ended ??= this.#endWithin(this.#callTimeoutMs);
    return this.#ended;
  }

  async #endWithin(milliseconds: number): Promise<void> {
    if (this.#goneBecause !== undefined) return;
    this.#post({ type: 'end' });
    const left = new Expected<void>();
    const timer = setTimeout(() => {
      this.#log.error({ milliseconds }, 'the worker thread does not end: it hangs and is left behind');
      this.#worker.unref();
      left.resolve();
    }, milliseconds);
    await Promise.race([this.gone, left.promise]);
    clearTimeout(timer);
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'answers':
        this.#batches.get(message.id)?.resolve(message);
        this.#batches.delete(message.id);
        return;
      case 'params-checked':
        this.#checks.get(message.id)?.resolve(message.error);
        this.#checks.delete(message.id);
        return;
      case 'log':
        if (message.level !== 'silent') this.#lines[message.level](message.fields, message.message);
        return;
      case 'phase':
        this.#onPhase?.(message.phase);
        return;
      case 'ready':
        this.#ready = message;
        this.#start.resolve();
        return;
      case 'failed':
        // Told to the caller once the thread has ended, so that a retry never runs beside it.
        this.#failed = message;
        return;
    }
  }

  #onExit(reason: string): void {
    this.#goneBecause = reason;
    this.#start.reject(
      this.#failure() ??
        new ModelError('CRASHED_WHILE_LOADING', `${this.#name} ended while loading: ${reason}`, true),
    );
    const error = this.#goneError(reason);
    for (const answers of this.#batches.values()) answers.reject(error);
    for (const verdict of this.#checks.values()) verdict.reject(error);
    this.#batches.clear();
    this.#checks.clear();
    this.#exit.resolve(reason);
  }

  #giveUpLoading(): void {
    const milliseconds = this.#loadTimeoutMs;
    this.#log.error({ milliseconds }, 'the worker thread is not ready in time: it is left behind');
    this.#post({ type: 'end' });
    this.#worker.unref();
    void this.gone.then((reason) => {
      this.#log.info({ reason }, 'the worker thread that was left behind has ended');
    });
    this.#start.reject(
      this.#failure() ??
        new ModelError('TIMEOUT', `${this.#name} was not ready within ${milliseconds} ms`, false),
    );
  }

  #failure(): ModelError | undefined {
    const failed = this.#failed;
    return failed && new ModelError(failed.code, failed.message, failed.retryable);
  }

  #goneError(reason: string): RequestError {
    return new RequestError('NOT_READY', `${this.#name} ended: ${reason}`);
  }

  get #name(): string {
    return `the worker of model ${this.#data.files.model} version ${this.#data.files.version}`;
  }

  #post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
