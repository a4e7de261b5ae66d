import { setTimeout as sleep } from 'node:timers/promises';
import { anySignal } from '../../src/any-signal';
import { errorMessage } from '../../src/errors';
import type { ServeProcess } from './serve-process';

const BETWEEN_LOOKS_MS = 200;
/** The metrics are read at every so manieth look. */
const METRICS_EVERY = 5;

/** An answer of the health check. */
export interface HealthLook {
  /** When it was there, in ms since 1970. */
  readonly at: number;
  /** Whether it was marked as stale: ZooKeeper is away. */
  readonly stale: boolean;
}

/**
 * Asks a replica for readiness, as a load balancer does, and for a metric now and then, until it is stopped or the
 * process ends.
 */
export class HealthWatch {
  readonly looks: HealthLook[] = [];
  /** What was answered instead of 200. */
  readonly unready: string[] = [];
  #missedChanges = 0;
  readonly #unasked = new AbortController();
  readonly #watching: Promise<void>;

  constructor(private readonly process: ServeProcess) {
    this.#watching = this.#watch();
  }

  /** Of znodes, that nothing had notified the replica of. */
  get missedChanges(): number {
    return this.#missedChanges;
  }

  async stop(): Promise<void> {
    this.#unasked.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const ended = new AbortController();
    this.process.child.once('exit', () => {
      ended.abort();
    });
    const signal = anySignal([this.#unasked.signal, ended.signal]);
    const over = (): boolean => signal.aborted;
    for (let number = 0; !over(); number += 1) {
      try {
        const { status, headers } = await fetch(`${this.process.url}/v2/health/ready`, { signal });
        this.looks.push({ at: Date.now(), stale: headers.has('zooserve-stale-seconds') });
        if (status !== 200) this.unready.push(`${status} ${headers.get('zooserve-unready') ?? ''}`);
        if (number % METRICS_EVERY === 0) await this.#readMetrics(signal);
        await sleep(BETWEEN_LOOKS_MS, undefined, { signal });
      } catch (error) {
        if (!over()) this.unready.push(errorMessage(error));
      }
    }
  }

  async #readMetrics(signal: AbortSignal): Promise<void> {
    const text = await (await fetch(`${this.process.url}/metrics`, { signal })).text();
    const missed = /^zooserve_zookeeper_missed_changes_total (\d+)$/m.exec(text)?.[1];
    if (missed === undefined) throw new Error('the metrics do not say how many changes were missed');
    this.#missedChanges = Number(missed);
  }
}
