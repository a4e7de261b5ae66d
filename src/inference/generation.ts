import { ModelError, RequestError, errorMessage } from '../errors';
import type { HandlerConfig, SessionConfig } from '../handler-config';
import type { WorkerCount } from '../live-version-metrics';
import type { Admission } from './admission';
import { AdmittedRequest } from './admitted-request';
import { Batcher, type BatcherOptions } from './batcher';
import type { Crew } from './crews';
import { departed, type Departure } from './departure';
import type { ConfigInForce } from './config-in-force';
import type { FilesBeside } from './files-beside';
import type { InferenceAnswer, InferenceRequest } from './inference-request';
import type { ModelThreadOptions } from './model-thread-options';
import { startModelThreads, type ModelThreads } from './model-threads';
import type { ModelFiles } from './repository';
import type { ModelSignature } from './signature';
import type { WorkerMemory } from './worker-memory';
import type { ParamsRefusal, WorkerReady } from './worker/protocol';

/** An epoch that no config has. */
const NEVER = -1;

export interface GenerationOptions extends Omit<ModelThreadOptions, 'data'> {
  readonly files: ModelFiles;
  /** Told of each batch that a worker is given, and of its end. */
  readonly work?: BatcherOptions['work'];
  /** Its `session` is what the generation is built with; its `params` are checked on the way. */
  readonly config: ConfigInForce;
  readonly handlers: boolean;
  /** Of the workers that run it side by side, one each. */
  readonly memory: readonly WorkerMemory[];
  readonly expectedSha256?: string | undefined;
  readonly expectedBeside?: FilesBeside | undefined;
  readonly admission: Admission;
  readonly onRows: (rows: number) => void;
  /** One of its workers is lost, though nobody retired it; the generation is `alive` while others are. */
  readonly onDeath: (generation: Generation, departure: Departure) => void;
}

/** Verifies, loads and warms one version; rejects as {@link startModelThreads} does. */
export async function startGeneration(options: GenerationOptions): Promise<Generation> {
  const { files, config, handlers, expectedSha256, expectedBeside, memory, ...rest } = options;
  const threads = await startModelThreads(memory, {
    data: {
      files,
      session: config.config.session,
      handlers,
      expectedSha256,
      expectedBeside,
      params: { epoch: config.epoch, params: config.config.params },
    },
    log: rest.log,
    loadTimeoutMs: rest.loadTimeoutMs,
    callTimeoutMs: rest.callTimeoutMs,
    hangAfterMs: rest.hangAfterMs,
    leftBehind: rest.leftBehind,
    spares: rest.spares,
    onPhase: rest.onPhase,
  });
  return new Generation(threads, options);
}

/**
 * One version as it was loaded once, under one `session` config: its workers, the queue before them, and the count
 * of the requests that hold it. A request is answered by the generation that it was given to, whatever is
 * promoted meanwhile; a retired generation ends when the last of them is settled.
 */
export class Generation implements Crew {
  readonly version: string;
  readonly session: SessionConfig;
  readonly startedAt = performance.now();
  readonly #model: string;
  readonly #threads: ModelThreads;
  readonly #admission: Admission;
  readonly #batcher: Batcher;
  readonly #onDeath: (generation: Generation, departure: Departure) => void;
  #leases = 0;
  #wantedAt = this.startedAt;
  #deathError: RequestError | undefined;
  #retired: { readonly ended: Promise<void>; readonly end: () => void } | undefined;
  #verdict: { readonly epoch: number; readonly refusal: Promise<ParamsRefusal | undefined> };

  constructor(threads: ModelThreads, { files, config, admission, onDeath, ...rest }: GenerationOptions) {
    this.version = files.version;
    this.session = config.config.session;
    this.#model = files.model;
    this.#threads = threads;
    this.#admission = admission;
    this.#onDeath = onDeath;
    this.#verdict = { epoch: config.epoch, refusal: Promise.resolve(threads.ready.paramsRefused) };
    this.#batcher = new Batcher({
      runners: threads.runners,
      batchable: threads.ready.signature.batchable,
      admission,
      onRows: rest.onRows,
      work: rest.work,
    });
    admission.crews.add(this);
    threads.watch((departure) => {
      this.#onGone(departure);
    });
  }

  get signature(): ModelSignature {
    return this.#threads.ready.signature;
  }

  get sha256(): string {
    return this.#threads.ready.sha256;
  }

  /** The files beside it that were read. */
  get beside(): FilesBeside {
    return this.#threads.ready.beside;
  }

  get ms(): WorkerReady['ms'] {
    return this.#threads.ready.ms;
  }

  /** Requests that hold it. */
  get leases(): number {
    return this.#leases;
  }

  capacity(config: HandlerConfig): number {
    return this.#batcher.capacity(config);
  }

  /** Whether it can answer. */
  get alive(): boolean {
    return this.#threads.living > 0;
  }

  /** What its workers take. */
  get memory(): readonly WorkerMemory[] {
    return this.#threads.memory;
  }

  /** `performance.now()` when it was last wanted; see {@link Generation.want}. */
  get wantedAt(): number {
    return this.#wantedAt;
  }

  /** It is being promoted, it is being replaced, or a request names it. */
  want(): void {
    this.#wantedAt = performance.now();
  }

  get workers(): WorkerCount {
    return { wanted: this.#threads.wanted, alive: this.#threads.living };
  }

  /** False when one of its workers has ended. */
  get whole(): boolean {
    return this.#threads.living === this.#threads.wanted;
  }

  /** @throws RequestError NOT_READY, why its last worker ended. */
  requireAlive(): void {
    if (this.#deathError !== undefined) throw this.#deathError;
  }

  /** It is not to be made the live one again. */
  get retiring(): boolean {
    return this.#retired !== undefined;
  }

  /** Lets a request in and answers it. @throws RequestError NOT_READY, STALLED; rejects with any of its codes. */
  infer(
    request: InferenceRequest,
    config: ConfigInForce,
    versionStamp: string | undefined,
  ): Promise<InferenceAnswer> {
    this.requireAlive();
    if (this.#threads.silentMs >= config.config.admission.timeoutMs) throw this.#stalled(config);
    const refusal = this.#admission.refusal(config.config, request.body.byteLength, this);
    if (refusal !== undefined) return refusal;
    const terms = { version: this.version, versionStamp, config };
    const admitted = new AdmittedRequest(request, terms, this.#onSettled);
    this.#leases += 1;
    this.#admission.enter(admitted);
    this.#batcher.add(admitted);
    return admitted.answer;
  }

  /**
   * What the model's handler has against the params of `config`, undefined for nothing. Asked once per config.
   * Rejects with a ModelError, CRASHED_WHILE_LOADING or TIMEOUT, when there is nobody to ask.
   */
  async refusalOf(config: ConfigInForce): Promise<ParamsRefusal | undefined> {
    if (!this.alive || this.#verdict.epoch !== config.epoch) {
      this.#verdict = { epoch: config.epoch, refusal: this.#ask(config) };
    }
    try {
      return await this.#verdict.refusal;
    } catch (cause) {
      this.#verdict = { epoch: NEVER, refusal: Promise.resolve(undefined) };
      const message = `the params could not be checked: ${errorMessage(cause)}`;
      throw new ModelError(this.alive ? 'TIMEOUT' : 'CRASHED_WHILE_LOADING', message, true, { cause });
    }
  }

  /** Ends its workers once every request that holds it is settled; resolves then. Safe to call again. */
  retire(): Promise<void> {
    if (this.#retired === undefined) {
      let end!: () => void;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      }).then(() => {
        this.#admission.crews.delete(this);
        return this.#threads.end();
      });
      this.#retired = { ended, end };
      if (this.#leases === 0) end();
    }
    return this.#retired.ended;
  }

  readonly #onSettled = (request: AdmittedRequest, wasRunning: boolean): void => {
    if (!wasRunning) this.#batcher.remove(request);
    this.#admission.leave(request, wasRunning);
    this.#leases -= 1;
    if (this.#leases === 0) this.#retired?.end();
  };

  /** Who waits behind a call that takes longer than a request may take waits in vain. */
  #stalled({ config }: ConfigInForce): RequestError {
    const who = `every worker of model ${this.#model} version ${this.version}`;
    const limit = `${config.admission.timeoutMs} ms (admission.timeoutMs)`;
    return new RequestError('STALLED', `${who} has been inside one call for longer than ${limit}`);
  }

  async #ask({ epoch, config }: ConfigInForce): Promise<ParamsRefusal | undefined> {
    if (this.alive && !this.#threads.ready.hasHandler) return undefined;
    return this.#threads.checkParams({ epoch, params: config.params });
  }

  #onGone(departure: Departure): void {
    if (!this.alive) {
      this.#deathError = new RequestError(
        'NOT_READY',
        `the worker of model ${this.#model} version ${this.version} ${departed(departure)}`,
      );
      this.#batcher.failAll(this.#deathError);
    }
    if (this.#retired === undefined) this.#onDeath(this, departure);
  }
}
