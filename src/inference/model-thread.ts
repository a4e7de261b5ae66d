import type { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { LoadTimeoutError, ModelError, RequestError, errorMessage } from '../errors';
import { departed, type Departure } from './departure';
import { Expected } from './expected';
import { HangWatch } from './hang-watch';
import { modelLines } from './model-lines';
import { CALL_TIMEOUT_MS, LOAD_TIMEOUT_MS, type ModelThreadOptions } from './model-thread-options';
import { Pending } from './pending';
import type { BatchToRun } from './request-batch';
import { startWorker } from './start-worker';
import type {
  BatchAnswers,
  FromWorker,
  ParamsEpoch,
  ParamsRefusal,
  ToWorker,
  WorkerData,
  WorkerFailed,
  WorkerReady,
} from './worker/protocol';

/**
 * The event loop's end of a worker thread, which verifies, loads and warms its model first. A thread that hangs is left
 * alone (ending it from outside while it is in native code would abort the process); it is told to end as soon as it
 * listens again.
 */
export class ModelThread {
  /**
   * Resolves when the thread may be used. Rejects with the ModelError that the worker reports, with CRASHED_WHILE_LOADING
   * when it ends before it is ready, with a {@link LoadTimeoutError} when it is neither.
   */
  readonly started: Promise<void>;
  /** Resolves once the thread is gone, also when it was asked to end, or is given up since it hangs. */
  readonly gone: Promise<Departure>;
  /** Resolves once the thread has ended and its memory is free, with the reason. */
  readonly exited: Promise<string>;

  readonly #worker: Worker;
  readonly #data: WorkerData;
  readonly #log: Logger;
  readonly #lines: Logger;
  readonly #loadTimeoutMs: number;
  readonly #callTimeoutMs: number;
  readonly #onPhase: ModelThreadOptions['onPhase'];
  readonly #start = new Expected<void>();
  readonly #leftBehind: ModelThreadOptions['leftBehind'];
  readonly #departure = new Expected<Departure>();
  readonly #exit = new Expected<string>();
  readonly #batches = new Pending<BatchAnswers>();
  readonly #checks = new Pending<ParamsRefusal | undefined>();
  readonly #hangWatch: HangWatch | undefined;
  #ready: WorkerReady | undefined;
  #failed: WorkerFailed | undefined;
  #uncaught: string | undefined;
  #ended: Promise<void> | undefined;
  #goneBecause: Departure | undefined;
  #left = false;

  constructor({ data, log, onPhase, ...limits }: ModelThreadOptions) {
    const bindings = { model: data.files.model, version: data.files.version };
    this.#data = data;
    this.#log = log.child(bindings);
    this.#lines = modelLines(this.#log);
    this.#loadTimeoutMs = limits.loadTimeoutMs ?? LOAD_TIMEOUT_MS;
    this.#callTimeoutMs = limits.callTimeoutMs ?? CALL_TIMEOUT_MS;
    this.#leftBehind = limits.leftBehind;
    this.#onPhase = onPhase;
    this.gone = this.#departure.promise;
    this.exited = this.#exit.promise;
    const progress = new SharedArrayBuffer(4);
    this.#worker = limits.spares?.take() ?? startWorker();
    this.#post({ type: 'load', data: { ...data, progress } });
    this.#hangWatch = limits.hangAfterMs && this.#watch(progress, limits.hangAfterMs);
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

  /** See {@link HangWatch.silentMs}. */
  get silentMs(): number {
    return this.#hangWatch?.silentMs ?? 0;
  }

  /** What the worker said of its model. */
  get ready(): WorkerReady {
    if (this.#ready === undefined) throw new Error(`${this.#name} is not ready`);
    return this.#ready;
  }

  /** Runs one batch; `bodies` is transferred. Rejects with NOT_READY when the thread is gone or goes. */
  run(batch: BatchToRun): Promise<BatchAnswers> {
    if (this.#goneBecause !== undefined) return Promise.reject(this.#goneError(this.#goneBecause));
    const { id, answer } = this.#batches.ask();
    this.#post({ type: 'batch', id, ...batch }, [batch.bodies]);
    return answer;
  }

  /** What the model's handler has against `params`, undefined for nothing. Rejects with NOT_READY as `run` does. */
  async checkParams(params: ParamsEpoch): Promise<ParamsRefusal | undefined> {
    if (this.#goneBecause !== undefined) throw this.#goneError(this.#goneBecause);
    const { id, answer } = this.#checks.ask();
    this.#post({ type: 'check-params', id, ...params });
    const timer = setTimeout(() => {
      const message = `${this.#name} did not answer within ${this.#callTimeoutMs} ms`;
      this.#checks.fail(id, new RequestError('NOT_READY', message));
    }, this.#callTimeoutMs);
    try {
      return await answer;
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
      this.#leave();
      left.resolve();
    }, milliseconds);
    await Promise.race([this.gone, left.promise]);
    clearTimeout(timer);
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'answers':
        this.#batches.answer(message.id, message);
        return;
      case 'params-checked':
        this.#checks.answer(message.id, message.error);
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

  #watch(progress: SharedArrayBuffer, limitMs: () => number): HangWatch {
    return new HangWatch({
      progress: new Int32Array(progress),
      busy: () => this.#batches.size > 0 || this.#checks.size > 0,
      limitMs,
      onHang: (ms) => {
        this.#log.error({ ms }, 'the worker thread hangs inside a call: it is left behind');
        this.#post({ type: 'end' });
        this.#leave();
        this.#lose({ how: 'hung', reason: `nothing came back from a call for ${ms} ms` });
      },
    });
  }

  #onExit(reason: string): void {
    this.#start.reject(
      this.#failure() ??
        new ModelError('CRASHED_WHILE_LOADING', `${this.#name} ended while loading: ${reason}`, true),
    );
    this.#exit.resolve(reason);
    this.#lose({ how: 'ended', reason });
  }

  /** Nothing comes from it any more. */
  #lose(departure: Departure): void {
    if (this.#goneBecause !== undefined) return;
    this.#goneBecause = departure;
    this.#hangWatch?.[Symbol.dispose]();
    const error = this.#goneError(departure);
    this.#batches.failAll(error);
    this.#checks.failAll(error);
    this.#departure.resolve(departure);
  }

  /** It was told to end, and does so if it ever comes back. */
  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#worker.unref();
    this.#leftBehind?.add(this.#name, this.#exit.promise);
    void this.#exit.promise.then((reason) => {
      this.#log.info({ reason }, 'the worker thread that was left behind has ended');
    });
  }

  #giveUpLoading(): void {
    const milliseconds = this.#loadTimeoutMs;
    this.#log.error({ milliseconds }, 'the worker thread is not ready in time: it is left behind');
    this.#post({ type: 'end' });
    this.#leave();
    this.#start.reject(
      this.#failure() ??
        new LoadTimeoutError(`${this.#name} was not ready within ${milliseconds} ms`, this.exited),
    );
  }

  #failure(): ModelError | undefined {
    const failed = this.#failed;
    return failed && new ModelError(failed.code, failed.message, failed.retryable);
  }

  #goneError(departure: Departure): RequestError {
    return new RequestError('NOT_READY', `${this.#name} ${departed(departure)}`);
  }

  get #name(): string {
    return `the worker of model ${this.#data.files.model} version ${this.#data.files.version}`;
  }

  #post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
