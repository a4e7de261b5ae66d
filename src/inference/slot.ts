import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import { RequestError } from '../errors';
import type { HandlerConfig } from '../handler-config';
import type { Metrics } from '../metrics';
import { Admission } from './admission';
import { ConfigChanges, type ConfigOutcome } from './config-changes';
import type { Generation } from './generation';
import type { GuardLoad } from './guard-load';
import { hangAfterMs } from './hang-watch';
import type { InferenceAnswer, InferenceRequest } from './inference-request';
import { NOTHING_KNOWN, type KnownVersions } from './known-versions';
import type { LeftBehind } from './left-behind';
import { MemoryBudget } from './memory-budget';
import { modelLines } from './model-lines';
import { OneAtATime } from './one-at-a-time';
import type { ModelRepository } from './repository';
import { Quarantine } from './quarantine';
import { Residency, type Live } from './residency';
import type { Serving, SlotState } from './slot-state';
import { logSampled } from './request-log';
import { Revival } from './revival';
import type { ModelSignature } from './signature';
import type { SlotParts } from './slot-parts';
import type { SpareWorkers } from './spare-workers';
import { VersionBuilder } from './version-builder';
import { VersionChanges, type ServeOptions, type Served } from './version-changes';
import type { WorkWatch } from './work-watch';

export interface ModelSlotOptions {
  readonly model: string;
  readonly repository: ModelRepository;
  /** false: no `handler.js` is run. */
  readonly handlers: boolean;
  /** Worker threads of each version in memory; 1 by default. */
  readonly workers?: number | undefined;
  /** Shared by all models of the replica; by default there is room for everything. */
  readonly memory?: MemoryBudget | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Milliseconds that a version may take to be verified, loaded and warmed; 120 s by default. */
  readonly loadTimeoutMs?: number | undefined;
  /** Milliseconds that a worker may take to finish a batch when it is asked to check params or to end; 30 s by default. */
  readonly callTimeoutMs?: number | undefined;
  /** Milliseconds after which a worker at work that gives no sign of life is given up; see {@link hangAfterMs}. */
  readonly hangAfterMs?: number | undefined;
  /** Every load of a version runs in it. */
  readonly guardLoad?: GuardLoad | undefined;
  /** Of this model; by default those in memory. */
  readonly known?: KnownVersions | undefined;
  /** Milliseconds before a quarantined version with nothing in its place is started again; 60 s by default, doubling. */
  readonly slowRetryMs?: number | undefined;
  /** Told of batches in the hands of workers. */
  readonly work?: WorkWatch | undefined;
  /** Told of worker threads that were given up and live. */
  readonly leftBehind?: LeftBehind | undefined;
  /** Threads that were started ahead, shared by all models. */
  readonly spares?: SpareWorkers | undefined;
  /** Milliseconds after which a version that is to end is reported; 10 s by default. */
  readonly drainReportMs?: number | undefined;
}

/**
 * One model on this replica: the version that answers, the config that it answers by, and the versions kept in
 * memory. A version or config that fails never displaces one that works.
 */
export class ModelSlot implements AsyncDisposable {
  readonly model: string;
  readonly #lines: Logger;
  readonly #admission: Admission;
  readonly #residency: Residency;
  readonly #builds = new OneAtATime();
  readonly #closing = new AbortController();
  readonly #versions: VersionChanges;
  readonly #configs: ConfigChanges;
  readonly #stopSampling: () => void;
  #closed: Promise<void> | undefined;

  constructor({ model, repository, handlers, metrics, log, memory, ...limits }: ModelSlotOptions) {
    const budget = memory ?? new MemoryBudget({ log });
    this.model = model;
    this.#lines = modelLines(log.child({ model }));
    this.#admission = new Admission(model);
    this.#residency = new Residency({
      model,
      metrics,
      log,
      memory: budget,
      reportAfterMs: limits.drainReportMs,
      onShort: (generation) => {
        revival.mend(generation);
      },
    });
    const builder = new VersionBuilder({
      model,
      repository,
      handlers,
      log,
      memory: budget,
      ...limits,
      hangAfterMs: () => limits.hangAfterMs ?? hangAfterMs(this.#residency.config.config.admission.timeoutMs),
      closing: this.#closing.signal,
      admission: this.#admission,
      onRows: (rows) => {
        metrics.batchRows.observe({ model }, rows);
      },
      onDeath: (generation, departure) => {
        revival.onDeath(generation, departure);
      },
    });
    const parts: SlotParts = {
      model,
      residency: this.#residency,
      builder,
      quarantine: new Quarantine(),
      known: limits.known ?? NOTHING_KNOWN,
      slowRetryMs: limits.slowRetryMs,
      builds: this.#builds,
      closing: this.#closing.signal,
      metrics,
      log,
    };
    const revival = new Revival(parts);
    this.#versions = new VersionChanges(parts);
    this.#configs = new ConfigChanges(parts);
    this.#stopSampling = metrics.sampleQueueDepth(model, () => this.#admission.waiting);
  }

  /**
   * Makes `version` the one that answers: it is built beside the running one, verified, loaded, warmed and
   * probed, and swapped in by one assignment; one that is in memory already is swapped in at once, also while
   * another is loading. For the version that serves already only the stamp changes. Where calls overlap, the
   * later one wins.
   *
   * Rejects with a ModelError, and the running version is untouched. WARMUP_FAILED, not retryable, also when its
   * handler.js refuses the params in force: a new config may help then. While nothing serves, it is the config
   * that gives way: it is refused, the defaults take its place, and `state.configRefused` says so. Rejects
   * with the reason of `signal` as soon as that is aborted (a load that has begun goes on and is dropped when it
   * is done), and with RequestError NOT_READY once the slot is closed.
   */
  serve(options: ServeOptions): Promise<Served> {
    return this.#versions.serve(options);
  }

  /**
   * Puts `config` in force, whole. With the same `session` it takes effect at once, also while a version is
   * loading; another `session` builds the version that serves beside itself, and swaps both in one
   * assignment. Before anything serves, the config waits for the first version. Requests that have begun keep
   * the config that they began with.
   *
   * Rejects with a ConfigError when handler.js refuses the params, or when the version cannot be built with the
   * session: then the config before stays in force.
   */
  configure(config: HandlerConfig, stamp: string | undefined): Promise<ConfigOutcome> {
    return this.#configs.configure(config, stamp);
  }

  /** One prediction. Rejects with a RequestError only. */
  infer(request: InferenceRequest): Promise<InferenceAnswer> {
    try {
      const { generation, versionStamp, config } = this.#leaseFor(request);
      const answer = generation.infer(request, config, versionStamp);
      if (config.config.log.sampleRate > 0) logSampled(answer, request, config.config.log, this.#lines);
      return answer;
    } catch (error) {
      // Nothing else is thrown by what is called here.
      const refusal = error as RequestError;
      return Promise.reject(refusal);
    }
  }

  /** What a version takes and gives; the one that serves by default. @throws RequestError UNKNOWN_VERSION, NOT_READY. */
  signature(version?: string): { version: string; signature: ModelSignature } {
    this.#requireOpen();
    const generation = version === undefined ? this.#residency.live?.generation : this.#resident(version);
    if (generation === undefined) throw this.#notReady('serves no version yet');
    generation.requireAlive();
    return { version: generation.version, signature: generation.signature };
  }

  /** What it serves now; undefined while nothing answers. */
  get serving(): Serving | undefined {
    return this.#residency.state.serving;
  }

  /** Versions that a URL may name. */
  get resident(): readonly string[] {
    return this.#residency.state.resident;
  }

  /** In force; before the first version, what that will be tried with. */
  get config(): { readonly config: HandlerConfig; readonly stamp: string | undefined } {
    return this.#residency.config;
  }

  get state(): SlotState {
    return this.#residency.state;
  }

  /** Replays the present state; completes when the slot is closed. */
  get state$(): Observable<SlotState> {
    return this.#residency.state$;
  }

  /**
   * Lets nobody in any more, waits until every request in hand is answered (at its deadline at the latest) and
   * a load in progress is done, and ends the workers. Safe to call again.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(this.#notReady('is being unloaded'));
    await this.#admission.drained();
    await this.#builds.idle();
    await this.#residency.end();
    this.#stopSampling();
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) throw this.#notReady('is being unloaded');
  }

  /** What the request begins with and is answered by. */
  #leaseFor({ version }: InferenceRequest): Omit<Live, 'versionStamp'> & Partial<Pick<Live, 'versionStamp'>> {
    this.#requireOpen();
    const { live, config } = this.#residency;
    if (version !== undefined) return { generation: this.#resident(version), config };
    if (live === undefined) throw this.#notReady('serves no version yet');
    return live;
  }

  #resident(version: string): Generation {
    const generation = this.#residency.find(version);
    generation?.want();
    if (generation !== undefined) return generation;
    throw new RequestError(
      'UNKNOWN_VERSION',
      `model ${this.model} has no version ${version} in memory; there are: ${this.resident.join(', ') || 'none'}`,
    );
  }

  #notReady(what: string): RequestError {
    return new RequestError('NOT_READY', `model ${this.model} ${what}`);
  }
}
