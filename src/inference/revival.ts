import { setTimeout as delay } from 'node:timers/promises';
import { MemoryRefusedError, ModelError, errorMessage } from '../errors';
import { Backoff } from './backoff';
import { departed, type Departure } from './departure';
import type { Generation } from './generation';
import type { Promotion } from './quarantine';
import type { Live } from './residency';
import type { SlotParts } from './slot-parts';
import { letStandIn } from './stand-in';
import { paramsRefused } from './version-changes';

/**
 * Builds the live version anew, beside itself, when one of its workers has died, and swaps. Those of its workers that
 * live answer meanwhile; with none its requests fail. When trying again cannot help, or it has lost too many workers,
 * the version before it answers in its place if that is still in memory. With nothing to take its place, one whose
 * workers end is started again however often, one whose workers hang is not: each of them stays in memory. The next
 * version or config is tried all the same.
 */
export class Revival {
  readonly #parts: SlotParts;
  #backoff = new Backoff();
  #version = '';
  /** What is being replaced. */
  #mending: Generation | undefined;
  /** Not replaced by their like any more. */
  readonly #givenUp = new WeakSet<Generation>();

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  /** For every worker that is lost without its generation having been retired. */
  onDeath(generation: Generation, departure: Departure): void {
    const { model, residency, quarantine, metrics, log } = this.#parts;
    const { version, alive } = generation;
    const { how, reason } = departure;
    metrics.workerDeaths.inc({ model, version, how });
    log.error({ model, version, how, reason, answers: alive }, 'a worker thread of a model is lost');
    const code = how === 'ended' ? 'CRASHED_WHILE_LOADING' : 'TIMEOUT';
    const what = `while it served, the worker of model ${model} version ${version} ${departed(departure)}`;
    residency.bury(generation, new ModelError(code, what, true));
    const { live } = residency;
    if (live?.generation !== generation) return;
    const tooMany = quarantine.count(promotionOf(live), live.config.epoch, departure);
    if (tooMany) void this.#quarantine(live, departure);
    else this.mend(generation);
  }

  /** Replaces the live generation, which lacks a worker, by a whole one of the same version. */
  mend(generation: Generation): void {
    if (this.#mending === generation || this.#givenUp.has(generation)) return;
    this.#mending = generation;
    if (generation.version !== this.#version) this.#backoff = new Backoff();
    this.#version = generation.version;
    this.#backoff.worked(performance.now() - generation.startedAt);
    void this.#revive(generation).finally(() => {
      if (this.#mending === generation) this.#mending = undefined;
    });
  }

  async #quarantine(live: Live, last: Departure): Promise<void> {
    const { model, residency, quarantine, metrics } = this.#parts;
    const { generation } = live;
    const fault = quarantine.faultOf(model, promotionOf(live), last);
    const replaced = await letStandIn(this.#parts, generation, fault);
    if (!replaced && !quarantine.tooManyHang) {
      this.mend(generation);
      return;
    }
    this.#givenUp.add(generation);
    quarantine.close(promotionOf(live), fault);
    metrics.quarantines.inc({ model, version: generation.version });
    residency.bury(generation, fault);
  }

  async #revive(dead: Generation): Promise<void> {
    const { residency, builds, closing, log, model } = this.#parts;
    const { version } = dead;
    const stillDead = () =>
      !closing.aborted && residency.live?.generation === dead && !this.#givenUp.has(dead);
    let sooner: Promise<void> = new Promise(() => undefined);
    while (stillDead()) {
      try {
        await Promise.race([delay(this.#backoff.next(), undefined, { signal: closing }), sooner]);
        await builds.run(async () => {
          if (stillDead()) await this.#replace(dead, stillDead);
        });
      } catch (error) {
        if (!stillDead()) return;
        const fault =
          error instanceof ModelError ? error : new ModelError('FETCH_FAILED', errorMessage(error), true);
        log.error({ model, version, error: fault.message }, 'a model could not be started again');
        if (!fault.retryable) {
          if (dead.alive || !(await letStandIn(this.#parts, dead, fault))) residency.bury(dead, fault);
          return;
        }
        residency.bury(dead, fault);
        sooner = fault instanceof MemoryRefusedError ? fault.givenBack : new Promise(() => undefined);
      }
    }
  }

  async #replace(dead: Generation, stillDead: () => boolean): Promise<void> {
    const { residency, builder } = this.#parts;
    const { config, live: former } = residency;
    if (former === undefined) return;
    const generation = await builder.build({
      version: dead.version,
      stamp: former.versionStamp,
      config,
      expectedSha256: dead.sha256,
      expectedBeside: dead.beside,
    });
    try {
      const refusal = await generation.refusalOf(config);
      if (refusal !== undefined) throw paramsRefused(generation, refusal);
      const { live } = residency;
      if (live !== undefined && stillDead()) {
        residency.promote(generation, live.versionStamp, config);
        return;
      }
    } catch (error) {
      residency.retire(generation);
      throw error;
    }
    residency.retire(generation);
  }
}

function promotionOf({ generation, versionStamp }: Live): Promotion {
  return { version: generation.version, stamp: versionStamp };
}
