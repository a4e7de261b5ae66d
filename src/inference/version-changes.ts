import { ConfigError, ModelError, errorMessage, type ModelErrorCode } from '../errors';
import { DEFAULTS_IN_FORCE, sameSession, type ConfigInForce } from './config-in-force';
import { differingFile, type FilesBeside } from './files-beside';
import type { Generation } from './generation';
import { untilAborted, type SlotParts } from './slot-parts';
import type { SlotPhase } from './version-builder';
import type { ParamsRefusal } from './worker/protocol';

export interface ServeOptions {
  readonly version: string;
  /** The caller's own mark for this promotion (a zxid). */
  readonly stamp: string;
  /** Bytes with another digest are not served: 64 lower-case hex digits. */
  readonly expectedSha256?: string | undefined;
  /** Nor are other files beside it. */
  readonly expectedBeside?: FilesBeside | undefined;
  /** Aborted when the version is not wanted any more. */
  readonly signal?: AbortSignal | undefined;
  readonly onPhase?: ((phase: SlotPhase) => void) | undefined;
}

export interface Served {
  /** swapped: it was built; resident: it was in memory; unchanged: it served already. */
  readonly outcome: 'swapped' | 'resident' | 'unchanged';
  /** Milliseconds; 0 for what was not needed. */
  readonly ms: {
    readonly fetch: number;
    readonly load: number;
    readonly warm: number;
    readonly swap: number;
  };
}

const NOTHING_LOADED = { fetch: 0, load: 0, warm: 0 };

/** Failures to load that may be due to the session config and not to the version. */
const MAY_BE_THE_CONFIG: ReadonlySet<ModelErrorCode> = new Set([
  'BAD_MODEL',
  'WARMUP_FAILED',
  'PROBE_MISMATCH',
  'CRASHED_WHILE_LOADING',
]);

/** Makes promoted versions the live one; see `ModelSlot.serve`. */
export class VersionChanges {
  readonly #parts: SlotParts;
  #called = 0;
  #served = 0;

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  serve(options: ServeOptions): Promise<Served> {
    const { closing } = this.#parts;
    this.#called += 1;
    const call = new Call(options, this.#called, closing, () => this.#served);
    return untilAborted(this.#serve(call), closing, options.signal);
  }

  async #serve(call: Call): Promise<Served> {
    call.requireWanted();
    this.#requireOpen(call);
    return (
      (await this.#serveResident(call)) ??
      (await this.#parts.builds.run(async () => {
        call.requireWanted();
        this.#requireOpen(call);
        return (await this.#serveResident(call)) ?? (await this.#serveBuilt(call));
      }))
    );
  }

  /** @throws ModelError QUARANTINED, unless the version answers all the same, under another config. */
  #requireOpen({ options: { version, stamp } }: Call): void {
    const live = this.#parts.residency.live?.generation;
    if (live?.version !== version || !live.alive) this.#parts.quarantine.requireOpen({ version, stamp });
  }

  /** Undefined when the version has to be built: not in memory, other bytes, another session config, or dead. */
  async #serveResident(call: Call): Promise<Served | undefined> {
    const { residency } = this.#parts;
    const { version, stamp, expectedSha256, expectedBeside = {} } = call.options;
    const generation = residency.find(version);
    if (generation?.alive !== true) return undefined;
    if (expectedSha256 !== undefined && expectedSha256 !== generation.sha256) return undefined;
    if (differingFile(expectedBeside, generation.beside) !== undefined) return undefined;
    if (!sameSession(generation.session, residency.config.config.session)) return undefined;
    const begun = performance.now();
    generation.want();
    if (residency.live?.generation === generation) {
      residency.restamp(residency.live, stamp);
      this.#served = call.turn;
      return { outcome: 'unchanged', ms: { ...NOTHING_LOADED, swap: performance.now() - begun } };
    }
    try {
      if (!(await this.#promote(generation, call))) return undefined;
    } catch (error) {
      // It died while it was asked.
      if (residency.find(version) !== generation) return undefined;
      throw error;
    }
    return { outcome: 'resident', ms: { ...NOTHING_LOADED, swap: performance.now() - begun } };
  }

  async #serveBuilt(call: Call): Promise<Served> {
    for (;;) {
      const generation = await this.#build(call);
      try {
        const begun = performance.now();
        if (await this.#promote(generation, call)) {
          return { outcome: 'swapped', ms: { ...generation.ms, swap: performance.now() - begun } };
        }
      } catch (error) {
        this.#parts.residency.retire(generation);
        throw error;
      }
      this.#parts.residency.retire(generation);
    }
  }

  /**
   * Builds the version for the config in force. While nothing serves, that config may itself be what fails: if
   * the version does load with the default session, the config is refused and the defaults take its place.
   */
  async #build({ options, onPhase }: Call): Promise<Generation> {
    const { builder, residency } = this.#parts;
    const { config } = residency;
    const build = { ...options, onPhase };
    try {
      return await builder.build({ ...build, config });
    } catch (error) {
      if (residency.live !== undefined || usesDefaultSession(config)) throw error;
      if (!(error instanceof ModelError) || !MAY_BE_THE_CONFIG.has(error.code)) throw error;
      const generation = await builder.build({ ...build, config: DEFAULTS_IN_FORCE });
      const message = `version ${options.version} cannot be loaded with this session: ${errorMessage(error)}`;
      residency.refuse(config, new ConfigError('$.session', message, { cause: error }));
      return generation;
    }
  }

  /**
   * Swaps, once the generation takes the config in force at that very moment. False when it cannot be used: built
   * for another session config than that, or retired meanwhile. @throws ModelError WARMUP_FAILED when its handler refuses the
   * params of a config that works for what serves now.
   */
  async #promote(generation: Generation, call: Call): Promise<boolean> {
    const { residency } = this.#parts;
    for (;;) {
      const { config } = residency;
      const refusal = await generation.refusalOf(config);
      const ofDefaults = refusal && (await generation.refusalOf(DEFAULTS_IN_FORCE));
      call.requireWanted();
      if (residency.config !== config) continue;
      if (generation.retiring || !sameSession(generation.session, config.config.session)) return false;
      if (refusal === undefined) {
        residency.promote(generation, call.options.stamp, config);
        this.#served = call.turn;
        return true;
      }
      if (residency.live !== undefined || ofDefaults !== undefined) {
        throw paramsRefused(generation, refusal);
      }
      residency.refuse(config, paramsError(refusal));
    }
  }
}

/** One call of `serve` and whether it still matters. */
class Call {
  readonly #closing: AbortSignal;
  readonly #served: () => number;

  constructor(
    readonly options: ServeOptions,
    readonly turn: number,
    closing: AbortSignal,
    served: () => number,
  ) {
    this.#closing = closing;
    this.#served = served;
  }

  /** Not told any more to those who have been told that it is over. */
  readonly onPhase = (phase: SlotPhase): void => {
    if (!this.#closing.aborted && this.options.signal?.aborted !== true) this.options.onPhase?.(phase);
  };

  /** @throws what the caller is told when the version is not wanted any more. */
  requireWanted(): void {
    this.#closing.throwIfAborted();
    this.options.signal?.throwIfAborted();
    if (this.#served() > this.turn) {
      throw new DOMException('a version that was asked for later serves already', 'AbortError');
    }
  }
}

/** A handler's refusal as an error of the whole config. */
export function paramsError({ path, message }: ParamsRefusal): ConfigError {
  const where = `$.params${path.slice(1)}`;
  return new ConfigError(where, `${where} ${message}`);
}

export function paramsRefused({ version }: Generation, refusal: ParamsRefusal): ModelError {
  return new ModelError(
    'WARMUP_FAILED',
    `handler.js of version ${version} refuses the config in force: ${paramsError(refusal).message}`,
  );
}

function usesDefaultSession({ config }: ConfigInForce): boolean {
  return sameSession(config.session, DEFAULTS_IN_FORCE.config.session);
}
