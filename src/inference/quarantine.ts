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

interface Loss {
  readonly at: number;
  readonly how: Departure['how'];
}

/**
 * Counts the workers that the live version loses while it serves, and remembers which promotions lost too many. A
 * version that is promoted anew, or gets another config, begins at none.
 */
export class Quarantine {
  #counted = '';
  #losses: Loss[] = [];
  readonly #closed = new Map<string, ModelError>();

  /** Whether this loss is one too many; `epoch` is that of the config in force. */
  count(promotion: Promotion, epoch: number, { how }: Departure): boolean {
    const now = performance.now();
    const counted = `${keyOf(promotion)} ${epoch}`;
    if (counted !== this.#counted) this.#losses = [];
    this.#counted = counted;
    this.#losses = [...this.#losses.filter(({ at }) => now - at < WINDOW_MS), { at: now, how }];
    return this.#losses.length > ALLOWED;
  }

  /** Of those counted too many hang: each keeps its thread and its memory. */
  get tooManyHang(): boolean {
    return this.#losses.filter(({ how }) => how === 'hung').length > ALLOWED;
  }

  /** What a version is told of that has lost too many; nothing is remembered yet. */
  faultOf(model: string, { version }: Promotion, last: Departure): ModelError {
    const minutes = WINDOW_MS / 60_000;
    return new ModelError(
      'QUARANTINED',
      `version ${version} of model ${model} has lost ${this.#losses.length} workers within ${minutes} minutes ` +
        `(the last one ${departed(last)}) and is not started again until it is promoted again`,
    );
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

function keyOf({ version, stamp }: Promotion): string {
  return `${version} ${stamp}`;
}
