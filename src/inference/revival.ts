import { setTimeout as delay } from 'node:timers/promises';
import { MemoryRefusedError, ModelError, errorMessage } from '../errors';
import { Backoff } from './backoff';
import { departed, type Departure } from './departure';
import type { Generation } from './generation';
import type { SlotParts } from './slot-parts';
import { paramsRefused } from './version-changes';

/**
 * Builds the live version anew, beside itself, when one of its workers has died, and swaps. Those of its workers that
 * live answer meanwhile; with none its requests fail, and no other version answers in its place. It is given up
 * when trying again cannot help; the next version or config is tried all the same.
 */
export class Revival {
  readonly #parts: SlotParts;
  #backoff = new Backoff();
  #version = '';
  /** What is being replaced. */
  #mending: Generation | undefined;

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  /** For every worker that is lost without its generation having been retired. */
  onDeath(generation: Generation, departure: Departure): void {
    const { model, residency, metrics, log } = this.#parts;
    const { version, alive } = generation;
    const { how, reason } = departure;
    metrics.workerDeaths.inc({ model, version, how });
    log.error({ model, version, how, reason, answers: alive }, 'a worker thread of a model is lost');
    const code = how === 'ended' ? 'CRASHED_WHILE_LOADING' : 'TIMEOUT';
    const what = `while it served, the worker of model ${model} version ${version} ${departed(departure)}`;
    residency.bury(generation, new ModelError(code, what, true));
    if (residency.live?.generation === generation) this.mend(generation);
  }

  /** Replaces the live generation, which lacks a worker, by a whole one of the same version. */
  mend(generation: Generation): void {
    if (this.#mending === generation) return;
    this.#mending = generation;
    if (generation.version !== this.#version) this.#backoff = new Backoff();
    this.#version = generation.version;
    this.#backoff.worked(performance.now() - generation.startedAt);
    void this.#revive(generation).finally(() => {
      if (this.#mending === generation) this.#mending = undefined;
    });
  }

  async #revive(dead: Generation): Promise<void> {
    const { residency, builds, closing, log, model } = this.#parts;
    const { version } = dead;
    const stillDead = () => !closing.aborted && residency.live?.generation === dead;
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
        residency.bury(dead, fault);
        if (!fault.retryable) return;
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
