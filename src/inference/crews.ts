import type { HandlerConfig } from '../handler-config';

/** The workers of one version. */
export interface Crew {
  /** Requests of theirs that are in hand, waiting or handed over. */
  readonly leases: number;
  /** How many requests they can have at a time under `config`, if that version were alone. */
  capacity(config: HandlerConfig): number;
}

/** The workers of one model, of all its versions that may have requests. */
export class Crews {
  readonly #crews = new Set<Crew>();

  add(crew: Crew): void {
    this.#crews.add(crew);
  }

  delete(crew: Crew): void {
    this.#crews.delete(crew);
  }

  /**
   * How many of the requests in hand, and `more` for `crew`, its workers and those of the other versions can have at a
   * time: as many as make full batches for all of them, `maxConcurrent` at the most. That all of these have been
   * handed over is not said: a worker that was given a small batch gets the others when that is answered.
   */
  atOnce(config: HandlerConfig, crew: Crew, more: number): number {
    let total = 0;
    for (const one of this.#crews) {
      total += Math.min(one.capacity(config), one.leases + (one === crew ? more : 0));
    }
    return Math.min(total, config.admission.maxConcurrent);
  }
}
