import { Gauge, type Registry } from 'prom-client';

/** Worker threads of one version. */
export interface WorkerCount {
  /** As many as `--workers` says. */
  readonly wanted: number;
  /** Those that can answer. */
  readonly alive: number;
}

/** The version that answers unpinned requests, or should: its workers may have died. */
export interface LiveVersion {
  readonly version: string;
  readonly workers: WorkerCount;
}

/**
 * What there is to say of the live version of each model; asked for whenever the metrics are read, so that a swap need
 * not tell.
 */
export class LiveVersionMetrics {
  readonly #live = new Map<string, () => LiveVersion | undefined>();
  /** 1 for the version that answers unpinned requests, 0 while it should and cannot. */
  readonly current: Gauge<'model' | 'version'>;
  readonly workersWanted: Gauge<'model' | 'version'>;
  readonly workersAlive: Gauge<'model' | 'version'>;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, value: (workers: WorkerCount) => number) =>
      this.#gauge(registry, name, help, value);
    this.current = gauge('zooserve_current_version', '1 for the version that serves', ({ alive }) =>
      alive > 0 ? 1 : 0,
    );
    this.workersWanted = gauge(
      'zooserve_workers_wanted',
      'Worker threads that the version that serves should have',
      ({ wanted }) => wanted,
    );
    this.workersAlive = gauge(
      'zooserve_workers_alive',
      'Worker threads of the version that serves that can answer',
      ({ alive }) => alive,
    );
  }

  /** Asks `live` for the version of `model` that should answer, until the answer is called. */
  sample(model: string, live: () => LiveVersion | undefined): () => void {
    this.#live.set(model, live);
    return () => {
      if (this.#live.get(model) === live) this.#live.delete(model);
    };
  }

  #gauge(
    registry: Registry,
    name: string,
    help: string,
    value: (workers: WorkerCount) => number,
  ): Gauge<'model' | 'version'> {
    const gauge = new Gauge({
      ...{ name, help },
      labelNames: ['model', 'version'] as const,
      registers: [registry],
      collect: () => {
        gauge.reset();
        for (const [model, sample] of this.#live) {
          const live = sample();
          if (live !== undefined) gauge.set({ model, version: live.version }, value(live.workers));
        }
      },
    });
    return gauge;
  }
}
