import type { Logger } from 'pino';
import type { Metrics } from '../metrics';

/** Milliseconds after which a version that was to end is reported; again each time it has taken twice as long. */
const REPORT_AFTER_MS = 10_000;

/** The part of a generation that its end concerns. */
export interface Drainable {
  readonly version: string;
  /** Requests that hold it. */
  readonly leases: number;
  /** Resolves when its workers have ended, or were left behind. */
  retire(): Promise<void>;
}

export interface DrainsOptions {
  readonly model: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Default {@link REPORT_AFTER_MS}. */
  readonly reportAfterMs?: number | undefined;
}

interface Going {
  /** `performance.now()` */
  readonly since: number;
  readonly ended: Promise<void>;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The versions of one model that are to end and have not ended yet. Each takes memory until its last request is
 * settled and its workers are gone: one that takes long is logged with its lease count, and all of them are in
 * the metrics.
 */
export class Drains {
  readonly #model: string;
  readonly #log: Logger;
  readonly #reportAfterMs: number;
  readonly #going = new Map<Drainable, Going>();
  readonly #stopSampling: () => void;

  constructor({ model, metrics, log, reportAfterMs }: DrainsOptions) {
    this.#model = model;
    this.#log = log;
    this.#reportAfterMs = reportAfterMs ?? REPORT_AFTER_MS;
    this.#stopSampling = metrics.sampleDrains(model, () =>
      Array.from(this.#going, ([{ version, leases }, { since }]) => ({
        version,
        requests: leases,
        seconds: secondsSince(since),
      })),
    );
  }

  /** Ends `generation` once nobody holds it. Safe to call again. */
  begin(generation: Drainable): void {
    if (this.#going.has(generation)) return;
    const going: Going = {
      since: performance.now(),
      ended: generation.retire().finally(() => {
        clearTimeout(going.timer);
        this.#going.delete(generation);
      }),
      timer: undefined,
    };
    this.#going.set(generation, going);
    this.#reportIn(this.#reportAfterMs, generation, going);
  }

  /** Resolves when all that was to end has ended; nothing more may begin then. */
  async done(): Promise<void> {
    await Promise.all(Array.from(this.#going.values(), ({ ended }) => ended));
    this.#stopSampling();
  }

  #reportIn(ms: number, generation: Drainable, going: Going): void {
    going.timer = setTimeout(() => {
      const { version, leases } = generation;
      const seconds = secondsSince(going.since);
      this.#log.warn({ model: this.#model, version, leases, seconds }, messageFor(leases));
      this.#reportIn(seconds * 1000, generation, going);
    }, ms);
  }
}

function messageFor(leases: number): string {
  return leases > 0
    ? `a version that was replaced is still held by ${leases} requests`
    : 'a version that was replaced has answered its requests, but its worker does not end';
}

function secondsSince(since: number): number {
  return (performance.now() - since) / 1000;
}
