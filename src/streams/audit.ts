import { shuffled } from './shuffled';

/** Readings a second at the most, however many nodes there are. */
const MAX_RATE = 50;

interface Audited {
  /** Never rejects. */
  audit(): Promise<void>;
}

/**
 * Has each watched node read again about every `everyMs`, though nothing was notified: a watch that was lost, by
 * whosever fault, is found out so. One at a time, in an order and at moments of chance, so that neither one client's
 * readings nor those of many come together.
 */
export class Audit {
  readonly #nodes: () => readonly Audited[];
  readonly #everyMs: number;
  #round: Audited[] = [];
  #pauseMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(nodes: () => readonly Audited[], everyMs: number) {
    this.#nodes = nodes;
    this.#everyMs = everyMs;
    if (everyMs > 0) this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#stopped) return;
    if (this.#round.length === 0) {
      this.#round = shuffled(this.#nodes());
      this.#pauseMs = Math.max(1000 / MAX_RATE, this.#everyMs / Math.max(1, this.#round.length));
    }
    const jitter = 0.5 + Math.random();
    this.#timer = setTimeout(() => {
      void this.#auditOne();
    }, this.#pauseMs * jitter);
    this.#timer.unref();
  }

  async #auditOne(): Promise<void> {
    await this.#round.pop()?.audit();
    this.#wait();
  }
}
