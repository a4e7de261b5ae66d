import type { Metrics } from '../metrics';

/** Counts answered inference requests. */
export class RequestCounter {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /**
   * `model` is empty when there is no such model, `version` when none was reached; `arrivedAt` is of
   * `performance.now()`.
   */
  count(model: string, version: string, status: number, arrivedAt: number): void {
    this.#metrics.requests.inc({ model, version, status: String(status) });
    // Refusals take no time and come in floods: they would hide how long the others take.
    if (status >= 400 && status < 500) return;
    this.#metrics.requestSeconds.observe({ model }, (performance.now() - arrivedAt) / 1000);
  }
}
