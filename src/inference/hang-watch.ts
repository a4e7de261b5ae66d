/** A single call that takes this many times `admission.timeoutMs` is taken for one that never returns. */
const TIMEOUTS = 20;
const AT_LEAST_MS = 10_000;
const TICK_MS = 500;
/** A bound consists of at least this many ticks. */
const TICKS_AT_LEAST = 10;

/** Milliseconds without a sign of life after which a worker at work counts as hanging. */
export function hangAfterMs(timeoutMs: number): number {
  return Math.max(AT_LEAST_MS, TIMEOUTS * timeoutMs);
}

export interface HangWatchOptions {
  /** One number that the worker raises with every step it finishes. */
  readonly progress: Int32Array;
  /** Whether the worker has something to do. */
  readonly busy: () => boolean;
  /** Asked anew at each tick. */
  readonly limitMs: () => number;
  /** Called once, with the limit that was passed. */
  readonly onHang: (limitMs: number) => void;
}

/**
 * Notices that a worker with work to do has stopped making progress. Time is counted in ticks of an interval and
 * not by the clock: while the process is stopped or its event loop is blocked there are none, so that neither is
 * taken for a worker that hangs.
 */
export class HangWatch implements Disposable {
  readonly #options: HangWatchOptions;
  readonly #tickMs: number;
  readonly #timer: NodeJS.Timeout;
  #seen = 0;
  #silentTicks = 0;

  constructor(options: HangWatchOptions) {
    this.#options = options;
    this.#tickMs = Math.min(TICK_MS, options.limitMs() / TICKS_AT_LEAST);
    this.#timer = setInterval(() => {
      this.#tick();
    }, this.#tickMs);
    this.#timer.unref();
  }

  /**
   * Milliseconds for which it has surely given no sign of life though it has something to do; up to two ticks less than
   * it is. Cheap enough to be asked for each request.
   */
  get silentMs(): number {
    if (this.#silentTicks === 0) return 0;
    const { progress, busy } = this.#options;
    if (!busy() || Atomics.load(progress, 0) !== this.#seen) return 0;
    // The first tick may have come right after the call.
    return (this.#silentTicks - 1) * this.#tickMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { progress, busy, limitMs, onHang } = this.#options;
    const now = Atomics.load(progress, 0);
    if (!busy() || now !== this.#seen) {
      this.#seen = now;
      this.#silentTicks = 0;
      return;
    }
    this.#silentTicks += 1;
    const limit = limitMs();
    if (this.#silentTicks * this.#tickMs < limit) return;
    clearInterval(this.#timer);
    onHang(limit);
  }
}
