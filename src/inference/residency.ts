import { BehaviorSubject, type Observable } from 'rxjs';
import type { ConfigError, ModelError } from '../errors';
import { DEFAULTS_IN_FORCE, type ConfigInForce } from './config-in-force';
import { Drains, type DrainsOptions } from './drains';
import type { Generation } from './generation';
import type { Evictable, MemoryBudget } from './memory-budget';
import type { RefusedConfig, SlotState } from './slot-state';

/** What a request that names no version begins with: one frozen object, so that it never sees half a change. */
export interface Live {
  readonly generation: Generation;
  readonly versionStamp: string;
  readonly config: ConfigInForce;
}

export interface ResidencyOptions extends DrainsOptions {
  /** Told what may be ended to make room. */
  readonly memory: MemoryBudget;
  /** A generation that lacks a worker was promoted. */
  readonly onShort: (generation: Generation) => void;
}

/** The generations of one model in memory: the live one, and those kept after it replaced them. */
export class Residency {
  readonly #stopSampling: () => void;
  readonly #state$ = new BehaviorSubject<SlotState>({
    serving: undefined,
    resident: [],
    workers: undefined,
    fault: undefined,
    config: DEFAULTS_IN_FORCE,
    configRefused: undefined,
  });
  readonly #drains: Drains;
  readonly #onShort: (generation: Generation) => void;
  readonly #stopOffering: () => void;
  /** Most recently replaced first. */
  #kept: readonly Generation[] = [];
  #live: Live | undefined;
  #config = DEFAULTS_IN_FORCE;
  #configRefused: RefusedConfig | undefined;
  /** Why the live one cannot answer. */
  #fault: ModelError | undefined;
  /** Why the live one answers in place of the version that should. */
  #standsIn: ModelError | undefined;
  /** Under which each generation is live, or was last. */
  readonly #stamps = new WeakMap<Generation, string>();

  constructor(options: ResidencyOptions) {
    this.#onShort = options.onShort;
    this.#stopOffering = options.memory.offer(() => this.#evictable());
    this.#stopSampling = options.metrics.live.sample(options.model, () => this.#live?.generation);
    this.#drains = new Drains(options);
  }

  /** Replays the present state. */
  get state$(): Observable<SlotState> {
    return this.#state$.asObservable();
  }

  get state(): SlotState {
    return this.#state$.value;
  }

  /** Also when its worker has died and it answers nothing for now. */
  get live(): Live | undefined {
    return this.#live;
  }

  /** The live one's; before there is one, what the first will be tried with. */
  get config(): ConfigInForce {
    return this.#config;
  }

  /** Those that were replaced and are in memory, the most recently replaced first. */
  get kept(): readonly Generation[] {
    return this.#kept;
  }

  /** The generation of `version` that can answer, or the live one though it cannot. */
  find(version: string): Generation | undefined {
    const live = this.#live?.generation;
    return live?.version === version ? live : this.#kept.find((kept) => kept.version === version);
  }

  /**
   * Makes `generation` the live one, in one assignment. What it replaces is kept as far as
   * `residency.keepPrevious` goes, unless it is the same version.
   */
  promote(generation: Generation, versionStamp: string, config: ConfigInForce): void {
    if (versionStamp !== this.#live?.versionStamp) this.#standsIn = undefined;
    this.#makeLive(generation, versionStamp, config);
  }

  /**
   * Makes one that was replaced the live one again, in place of what should answer and, for that reason, does not;
   * `stamp`: of one that is not in memory any more, but was built again.
   */
  standIn(generation: Generation, fault: ModelError, stamp = this.#stamps.get(generation) ?? ''): void {
    this.#standsIn = fault;
    this.#makeLive(generation, stamp, this.#config);
  }

  #makeLive(generation: Generation, versionStamp: string, config: ConfigInForce): void {
    const replaced = this.#live?.generation;
    replaced?.want();
    generation.want();
    if (config !== this.#config) this.#configRefused = undefined;
    this.#config = config;
    this.#live = Object.freeze({ generation, versionStamp, config });
    this.#stamps.set(generation, versionStamp);
    this.#fault = undefined;
    const candidates =
      replaced === undefined || replaced === generation ? this.#kept : [replaced, ...this.#kept];
    this.#keep(candidates);
    this.#publish();
    if (!generation.whole) this.#onShort(generation);
  }

  /** The same version was promoted anew. */
  restamp(live: Live, versionStamp: string): void {
    if (versionStamp !== live.versionStamp) this.#standsIn = undefined;
    this.#stamps.set(live.generation, versionStamp);
    this.#live = Object.freeze({ ...live, versionStamp });
    this.#publish();
    if (!live.generation.whole) this.#onShort(live.generation);
  }

  /** Puts the defaults in force in place of `config`, which the first version could not be served with. */
  refuse(config: ConfigInForce, error: ConfigError): void {
    this.configure(DEFAULTS_IN_FORCE, { stamp: config.stamp, error });
  }

  /** Puts `config` in force; the generations stay. */
  configure(config: ConfigInForce, refused?: RefusedConfig): void {
    this.#config = config;
    this.#configRefused = refused;
    if (this.#live !== undefined) this.#live = Object.freeze({ ...this.#live, config });
    this.#keep(this.#kept);
    this.#publish();
  }

  /**
   * Forgets a kept generation that died; keeps the live one as what should answer, with the reason. One that can
   * answer, though it has lost a worker, stays where it is.
   */
  bury(generation: Generation, fault: ModelError): void {
    if (!generation.alive) {
      if (this.#live?.generation === generation) this.#fault = fault;
      this.#keep(this.#kept);
    }
    this.#publish();
  }

  /** Retires everything; resolves when every worker there ever was has ended. */
  async end(): Promise<void> {
    const live = this.#live;
    this.#live = undefined;
    this.#fault = undefined;
    this.#standsIn = undefined;
    for (const generation of live === undefined ? this.#kept : [live.generation, ...this.#kept]) {
      this.retire(generation);
    }
    this.#kept = [];
    this.#publish();
    this.#stopSampling();
    this.#stopOffering();
    await this.#drains.done();
    this.#state$.complete();
  }

  /** Ends `generation` once nobody holds it. */
  retire(generation: Generation): void {
    this.#drains.begin(generation);
  }

  /** Those that are kept; never the one that serves. */
  #evictable(): readonly Evictable[] {
    return this.#kept.map((generation) => ({
      memory: generation.memory,
      wantedAt: generation.wantedAt,
      held: generation.leases > 0,
      evict: () => {
        this.#evict(generation);
      },
    }));
  }

  #evict(generation: Generation): void {
    this.#kept = this.#kept.filter((kept) => kept !== generation);
    this.retire(generation);
    this.#publish();
  }

  #keep(candidates: readonly Generation[]): void {
    const { keepPrevious } = this.#config.config.residency;
    const live = this.#live?.generation;
    const kept = candidates
      .filter((generation) => generation.alive && generation.version !== live?.version)
      .slice(0, keepPrevious);
    for (const generation of candidates) {
      if (generation !== live && !kept.includes(generation)) this.retire(generation);
    }
    this.#kept = kept;
    // Asked ahead, so that a rollback need not wait for the answer.
    for (const generation of kept) generation.refusalOf(this.#config).catch(() => undefined);
  }

  #publish(): void {
    const live = this.#live;
    const answers = live?.generation.alive === true;
    const all = live !== undefined && answers ? [live.generation, ...this.#kept] : this.#kept;
    this.#state$.next({
      serving:
        live !== undefined && answers
          ? {
              version: live.generation.version,
              stamp: live.versionStamp,
              sha256: live.generation.sha256,
              beside: live.generation.beside,
            }
          : undefined,
      resident: all.map((generation) => generation.version),
      workers: answers ? live.generation.workers : undefined,
      fault: this.#fault ?? this.#standsIn,
      config: this.#config,
      configRefused: this.#configRefused,
    });
  }
}
