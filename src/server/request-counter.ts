import type { Metrics } from '../metrics';

/** Requests kept back until they are counted together. */
const TOGETHER = 64;

interface Answered {
  readonly model: string;
  readonly version: string;
  readonly status: number;
  readonly seconds: number;
}

/**
 * Counts answered inference requests, some dozens together: one by one, counting would cost more than a tenth
 * of what the event loop spends on a request.
 */
export class RequestCounter {
  readonly #metrics: Metrics;
  #kept: Answered[] = [];

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /**
   * `model` is empty when there is no such model, `version` when none was reached; `arrivedAt` is of
   * `performance.now()`.
   */
  count(model: string, version: string, status: number, arrivedAt: number): void {
    const seconds = (performance.now() - arrivedAt) / 1000;
    if (this.#kept.push({ model, version, status, seconds }) >= TOGETHER) this.flush();
  }

  /** Brings the metrics up to date. */
  flush(): void {
    const kept = this.#kept;
    this.#kept = [];
    let from = 0;
    kept.forEach((answered, at) => {
      const { model, version, status, seconds } = answered;
      // Refusals take no time and come in floods: they would hide how long the others take.
      if (status < 400 || status >= 500) this.#metrics.requestSeconds.observe({ model }, seconds);
      const next = kept[at + 1];
      if (next?.model === model && next.version === version && next.status === status) return;
      this.#metrics.requests.inc({ model, version, status: String(status) }, at + 1 - from);
      from = at + 1;
    });
  }
}
