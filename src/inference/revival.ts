import { setTimeout as delay } from 'node:timers/promises';
import { ModelError, errorMessage } from '../errors';
import { Backoff } from './backoff';
import type { Generation } from './generation';
import type { SlotParts } from './slot-parts';
import { paramsRefused } from './version-changes';

/**
 * Starts the live version again when its worker has died. Its requests fail meanwhile: no other version answers
 * in its place. It is given up when trying again cannot help; the next version or config is tried all the same.
 */
export class Revival {
  readonly #parts: SlotParts;
  #backoff = new Backoff();
  #version = '';

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  /** For every generation that dies without having been retired. */
  onDeath(generation: Generation, reason: string): void {
    const { model, residency, log } = this.#parts;
    const { version } = generation;
    log.error({ model, version, reason }, 'the worker thread of a model ended');
    const what = `the worker of model ${model} version ${version} ended while it served: ${reason}`;
    residency.bury(generation, new ModelError('CRASHED_WHILE_LOADING', what, true));
    if (residency.live?.generation !== generation) return;
    if (version !== this.#version) this.#backoff = new Backoff();
    this.#version = version;
    this.#backoff.worked(performance.now() - generation.startedAt);
    void this.#revive(generation);
  }

  async #revive(dead: Generation): Promise<void> {
    const { residency, builds, closing, log, model } = this.#parts;
    const { version } = dead;
    const stillDead = () => !closing.aborted && residency.live?.generation === dead;
    while (stillDead()) {
      try {
        await delay(this.#backoff.next(), undefined, { signal: closing });
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
      }
    }
  }

  async #replace(dead: Generation, stillDead: () => boolean): Promise<void> {
    const { residency, builder } = this.#parts;
    const { config } = residency;
    const generation = await builder.build({
      version: dead.version,
      config,
      expectedSha256: dead.sha256,
    });
    const refusal = await generation.refusalOf(config);
    const { live } = residency;
    if (live === undefined || !stillDead() || refusal !== undefined) {
      residency.retire(generation);
      if (refusal !== undefined) throw paramsRefused(generation, refusal);
      return;
    }
    residency.promote(generation, live.versionStamp, config);
  }
}
