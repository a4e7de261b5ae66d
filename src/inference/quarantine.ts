import { ModelError } from '../errors';
import { departed, type Departure } from './departure';

/** Workers of one promotion that may be lost within the window; the next one is one too many. */
const ALLOWED = 2;
const WINDOW_MS = 600_000;

/** A version as one write asked for it. */
export interface Promotion {
  readonly version: string;
  readonly stamp: string;
}

/** A worker that the live version has lost. */
export interface WorkerLoss {
  readonly departure: Departure;
  /** Of the config in force. */
  readonly epoch: number;
  /** For how long the version had answered since it was built. */
  readonly workedMs: number;
}

interface Counted {
  readonly at: number;
  readonly how: Departure['how'];
}

/**
 * Counts the workers that the live version loses while it serves, and remembers which promotions lost too many. A
 * version that is promoted anew, or gets another config, begins at none. One on probation, since it is tried again
 * though it has lost too many, has none left to lose until it has worked for as long as the window.
 */
export class Quarantine {
  #counted = '';
  #losses: Counted[] = [];
  #onProbation = false;
  readonly #closed = new Map<string, ModelError>();

  /** Whether this loss is one too many. */
  count(promotion: Promotion, { departure, epoch, workedMs }: WorkerLoss): boolean {
    const now = performance.now();
    const counted = `${keyOf(promotion)} ${epoch}`;
    if (counted !== this.#counted) this.#losses = [];
    if (counted !== this.#counted || workedMs >= WINDOW_MS) this.#onProbation = false;
    this.#counted = counted;
    this.#losses = [
      ...this.#losses.filter(({ at }) => now - at < WINDOW_MS),
      { at: now, how: departure.how },
    ];
    return this.#onProbation || this.#losses.length > ALLOWED;
  }

  /** Of those counted too many hang: each keeps its thread and its memory. */
  get tooManyHang(): boolean {
    return this.#losses.filter(({ how }) => how === 'hung').length > ALLOWED;
  }

  /** What a version has done that has lost too many, as the rest of a sentence about it. */
  reasonOf(last: Departure): string {
    if (this.#onProbation) return `it has lost a worker again (that ${departed(last)})`;
    const minutes = WINDOW_MS / 60_000;
    return `it has lost ${this.#losses.length} workers within ${minutes} minutes (the last one ${departed(last)})`;
  }

  /** It is tried again, with what it has lost held against it. Whether it was not yet. */
  putOnProbation(): boolean {
    const began = !this.#onProbation;
    this.#onProbation = true;
    return began;
  }

  close(promotion: Promotion, fault: ModelError): void {
    this.#closed.set(keyOf(promotion), fault);
  }

  /** @throws ModelError QUARANTINED. */
  requireOpen(promotion: Promotion): void {
    const fault = this.#closed.get(keyOf(promotion));
    if (fault !== undefined) throw fault;
  }
}

/** What is told of a version that is quarantined for `reason`. */
export function quarantinedUntilPromoted(model: string, { version }: Promotion, reason: string): ModelError {
  return new ModelError(
    'QUARANTINED',
    `version ${version} of model ${model} is quarantined: ${reason}; ` +
      'it is not started again until it is promoted again',
  );
}

/** What is told of one that is quarantined, with nothing to answer in its place. */
export function quarantinedFor(
  model: string,
  { version }: Promotion,
  reason: string,
  retryInMs: number,
): ModelError {
  return new ModelError(
    'QUARANTINED',
    `version ${version} of model ${model} is quarantined: ${reason}; no other version can answer in its place, so it is ` +
      `started again in ${Math.ceil(retryInMs / 1000)} s, or when it is promoted again`,
    true,
  );
}

function keyOf({ version, stamp }: Promotion): string {
  return `${version} ${stamp}`;
}
