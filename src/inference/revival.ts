import { setTimeout as delay } from 'node:timers/promises';
import { MemoryRefusedError, ModelError, errorMessage } from '../errors';
import { Backoff } from './backoff';
import { departed, type Departure } from './departure';
import type { Generation } from './generation';
import { quarantinedFor, quarantinedUntilPromoted, type Promotion } from './quarantine';
import type { Live } from './residency';
import type { SlotParts } from './slot-parts';
import { letStandIn } from './stand-in';
import { paramsRefused } from './version-changes';

/** Of a version that is tried again though it has lost too many workers: the first pause, and the longest. */
const SLOW_RETRY_MS = 60_000;
const SLOWEST_RETRY_MS = 600_000;

/**
 * Builds the live version anew, beside itself, when one of its workers has died, and swaps. Those of its workers that
 * live answer meanwhile; with none its requests fail. When trying again cannot help, or it has lost too many workers,
 * another version answers in its place: the one before it, if that is in memory, or one that has answered here before.
 * With nothing to take its place, one whose workers end is tried again after long pauses, one whose workers hang is not:
 * each of them stays in memory. The next version or config is tried at once all the same.
 */
export class Revival {
  readonly #parts: SlotParts;
  #backoff = new Backoff();
  #slowly = new Backoff();
  #version = '';
  /** What is being replaced. */
  #mending: Generation | undefined;
  /** For what another version is looked for. */
  #judging: Generation | undefined;
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
    const workedMs = performance.now() - generation.startedAt;
    const loss = { departure, epoch: live.config.epoch, workedMs };
    if (quarantine.count(promotionOf(live), loss)) void this.#quarantine(live, departure);
    else this.mend(generation);
  }

  /** Replaces the live generation, which lacks a worker, by a whole one of the same version. */
  mend(generation: Generation): void {
    if (this.#mending === generation || this.#givenUp.has(generation)) return;
    const { backoff } = this.#pauses(generation);
    this.#begin(generation, () => backoff.next());
  }

  #begin(generation: Generation, pause: () => number): void {
    this.#mending = generation;
    void this.#revive(generation, pause).finally(() => {
      if (this.#mending === generation) this.#mending = undefined;
    });
  }

  /** Those of its version, which begin anew after it has worked for long. */
  #pauses({ version, startedAt }: Generation): { readonly backoff: Backoff; readonly slowly: Backoff } {
    if (version !== this.#version) {
      this.#backoff = new Backoff();
      this.#slowly = new Backoff(this.#parts.slowRetryMs ?? SLOW_RETRY_MS, SLOWEST_RETRY_MS);
    }
    this.#version = version;
    const [backoff, slowly] = [this.#backoff, this.#slowly];
    for (const pauses of [backoff, slowly]) pauses.worked(performance.now() - startedAt);
    return { backoff, slowly };
  }

  async #quarantine(live: Live, last: Departure): Promise<void> {
    const { model, residency, quarantine, known, metrics } = this.#parts;
    const { generation } = live;
    const promotion = promotionOf(live);
    const reason = quarantine.reasonOf(last);
    const fault = quarantinedUntilPromoted(model, promotion, reason);
    const { version } = promotion;
    // Another worker of it may be lost meanwhile.
    if (this.#judging === generation) return;
    this.#judging = generation;
    const replaced = await letStandIn(this.#parts, generation, fault);
    this.#judging = undefined;
    if (!replaced && !quarantine.tooManyHang) {
      this.#mendSlowly(live, reason);
      return;
    }
    this.#givenUp.add(generation);
    quarantine.close(promotion, fault);
    // With nothing in its place, the next process may try it: in that none of its workers hangs.
    if (residency.state.fault === fault) known.quarantined(promotion, reason);
    metrics.quarantines.inc({ model, version });
    residency.bury(generation, fault);
  }

  #mendSlowly(live: Live, reason: string): void {
    const { model, residency, quarantine, metrics } = this.#parts;
    const { generation } = live;
    const { slowly } = this.#pauses(generation);
    const pause = (): number => {
      const ms = slowly.next();
      residency.bury(generation, quarantinedFor(model, promotionOf(live), reason, ms));
      return ms;
    };
    if (quarantine.putOnProbation()) metrics.quarantines.inc({ model, version: generation.version });
    // One that has lost another worker meanwhile is being replaced already.
    if (this.#mending !== generation) this.#begin(generation, pause);
  }

  async #revive(dead: Generation, pause: () => number): Promise<void> {
    const { residency, builds, closing, log, model } = this.#parts;
    const { version } = dead;
    const stillDead = () =>
      !closing.aborted && residency.live?.generation === dead && !this.#givenUp.has(dead);
    let sooner: Promise<void> = new Promise(() => undefined);
    while (stillDead()) {
      try {
        await Promise.race([delay(pause(), undefined, { signal: closing }), sooner]);
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
