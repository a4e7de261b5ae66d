import { ConfigError, errorMessage } from '../errors';
import type { HandlerConfig } from '../handler-config';
import { sameSession, type ConfigInForce } from './config-in-force';
import type { Live } from './residency';
import { untilAborted, type SlotParts } from './slot-parts';
import { paramsError } from './version-changes';

/**
 * applied: in force; pending: nothing serves yet, the first version will be tried with it; superseded: a config
 * that was given later is in force.
 */
export type ConfigOutcome = 'applied' | 'pending' | 'superseded';

/** Puts handler configs in force; see `ModelSlot.configure`. */
export class ConfigChanges {
  readonly #parts: SlotParts;
  #called = 0;
  #applied = 0;

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  configure(config: HandlerConfig, stamp: string | undefined): Promise<ConfigOutcome> {
    this.#called += 1;
    const next: ConfigInForce = Object.freeze({ epoch: this.#called, config, stamp });
    return untilAborted(this.#configure(next), this.#parts.closing);
  }

  async #configure(next: ConfigInForce): Promise<ConfigOutcome> {
    const { residency, builds } = this.#parts;
    for (;;) {
      this.#parts.closing.throwIfAborted();
      if (next.epoch < this.#applied) return 'superseded';
      const { live } = residency;
      if (live === undefined) {
        this.#apply(next);
        return 'pending';
      }
      const outcome = takesAsItIs(live, next)
        ? await this.#checkAndApply(live, next)
        : await builds.run(() => this.#rebuild(next));
      if (outcome !== undefined) return outcome;
    }
  }

  /** Undefined: what serves has changed meanwhile. */
  async #checkAndApply(live: Live, next: ConfigInForce): Promise<ConfigOutcome | undefined> {
    const refusal = await this.#refusalOf(live, next);
    if (next.epoch < this.#applied) return 'superseded';
    const { residency } = this.#parts;
    if (residency.live?.generation !== live.generation || !live.generation.alive) return undefined;
    if (refusal !== undefined) throw refusal;
    this.#apply(next);
    return 'applied';
  }

  /** Builds the live version beside itself with the new config, and swaps both. Undefined: look again. */
  async #rebuild(next: ConfigInForce): Promise<ConfigOutcome | undefined> {
    const { residency, builder, closing } = this.#parts;
    closing.throwIfAborted();
    if (next.epoch < this.#applied) return 'superseded';
    const { live } = residency;
    if (live === undefined || takesAsItIs(live, next)) return undefined;
    const { version, sha256, beside, session } = live.generation;
    const generation = await builder
      .build({
        ...{ version, stamp: live.versionStamp, config: next },
        ...{ expectedSha256: sha256, expectedBeside: beside },
      })
      .catch((cause: unknown) => {
        const message = `version ${version} cannot be built with it: ${errorMessage(cause)}`;
        const path = sameSession(session, next.config.session) ? '$' : '$.session';
        throw new ConfigError(path, message, { cause });
      });
    try {
      const refusal = await generation.refusalOf(next);
      if (refusal !== undefined) throw paramsError(refusal);
      closing.throwIfAborted();
      const now = residency.live;
      if (next.epoch >= this.#applied && now?.generation === live.generation) {
        this.#applied = next.epoch;
        residency.promote(generation, now.versionStamp, next);
        return 'applied';
      }
    } catch (error) {
      residency.retire(generation);
      throw error;
    }
    residency.retire(generation);
    return undefined;
  }

  #apply(next: ConfigInForce): void {
    this.#applied = next.epoch;
    this.#parts.residency.configure(next);
  }

  async #refusalOf({ generation }: Live, next: ConfigInForce): Promise<ConfigError | undefined> {
    try {
      const refusal = await generation.refusalOf(next);
      return refusal && paramsError(refusal);
    } catch (cause) {
      return new ConfigError('$', errorMessage(cause), { cause });
    }
  }
}

/** Whether the live generation can take the config without being built anew. */
function takesAsItIs({ generation }: Live, { config }: ConfigInForce): boolean {
  return generation.alive && sameSession(generation.session, config.session);
}
