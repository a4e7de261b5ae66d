import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { LiveVersionMetrics } from './live-version-metrics';

const LATENCY_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One version that was replaced and has not ended. */
export interface DrainSample {
  readonly version: string;
  /** Requests that hold it. */
  readonly requests: number;
  readonly seconds: number;
}

/** The memory of all versions, in bytes; undefined: no limit. */
export interface MemorySample {
  readonly limitBytes: number | undefined;
  readonly usage: readonly { readonly model: string; readonly version: string; readonly bytes: number }[];
}

/**
 * Every metric that a replica publishes at `GET /metrics`, by its Prometheus name. One object a replica, made
 * by the runtime and handed to the rooms that count. `docs/operations.md` lists what an operator reads off each.
 */
export class Metrics {
  readonly registry = new Registry();

  /** Requests answered, by HTTP status. `version` is empty when none was reached. */
  readonly requests = new Counter({
    name: 'zooserve_requests_total',
    help: 'Inference requests answered',
    labelNames: ['model', 'version', 'status'] as const,
    registers: [this.registry],
  });

  readonly requestSeconds = new Histogram({
    name: 'zooserve_request_duration_seconds',
    help: 'From the arrival of an inference request to its answer',
    labelNames: ['model'] as const,
    buckets: LATENCY_SECONDS,
    registers: [this.registry],
  });

  readonly #queues = new Map<string, () => number>();

  /** Read off the queues when it is asked for: see {@link Metrics.sampleQueueDepth}. */
  readonly queueDepth = new Gauge({
    name: 'zooserve_queue_depth',
    help: 'Inference requests waiting, not yet run',
    labelNames: ['model'] as const,
    registers: [this.registry],
    collect: () => {
      for (const [model, depth] of this.#queues) this.queueDepth.set({ model }, depth());
    },
  });

  readonly #drains = new Map<string, () => readonly DrainSample[]>();

  /** Versions that were replaced and have not ended, by the requests that hold them. */
  readonly drainingRequests = new Gauge({
    name: 'zooserve_draining_requests',
    help: 'Requests that hold a version which is to end',
    labelNames: ['model', 'version'] as const,
    registers: [this.registry],
    collect: () => {
      this.#showDrains(this.drainingRequests, (sum, { requests }) => sum + requests);
    },
  });

  readonly drainingSeconds = new Gauge({
    name: 'zooserve_draining_seconds',
    help: 'How long a version that is to end has not ended',
    labelNames: ['model', 'version'] as const,
    registers: [this.registry],
    collect: () => {
      this.#showDrains(this.drainingSeconds, (longest, { seconds }) => Math.max(longest, seconds));
    },
  });

  readonly batchRows = new Histogram({
    name: 'zooserve_batch_rows',
    help: 'Rows of one call of ONNX Runtime',
    labelNames: ['model'] as const,
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [this.registry],
  });

  readonly swaps = new Counter({
    name: 'zooserve_swaps_total',
    help: 'Desired versions acted on, by outcome: swapped, resident (nothing had to be loaded) or failed',
    labelNames: ['model', 'outcome'] as const,
    registers: [this.registry],
  });

  readonly swapPhaseSeconds = new Histogram({
    name: 'zooserve_swap_phase_seconds',
    help: 'Time spent in one phase of a swap: notify, fetch, load, warm, swap',
    labelNames: ['model', 'phase'] as const,
    buckets: LATENCY_SECONDS,
    registers: [this.registry],
  });

  /** Workers that were lost while they served. */
  readonly workerDeaths = new Counter({
    name: 'zooserve_worker_deaths_total',
    help: 'Worker threads that ended by themselves (ended) or were given up since they hang (hung), while they served',
    labelNames: ['model', 'version', 'how'] as const,
    registers: [this.registry],
  });

  readonly quarantines = new Counter({
    name: 'zooserve_quarantines_total',
    help: 'Versions that were taken out of service since they lost too many workers, or crashed the process',
    labelNames: ['model', 'version'] as const,
    registers: [this.registry],
  });

  /** Threads that do not end: they hold memory, and keep the process from ending in the ordinary way. */
  readonly workersLeftBehind = new Gauge({
    name: 'zooserve_workers_left_behind',
    help: 'Worker threads that were given up and have not ended',
    registers: [this.registry],
  });

  readonly live = new LiveVersionMetrics(this.registry);

  /** As {@link Metrics.sampleMemory} was told. */
  #memory: MemorySample | undefined;

  readonly memoryBudget = new Gauge({
    name: 'zooserve_memory_budget_bytes',
    help: 'Memory that versions may take together, +Inf without a limit',
    registers: [this.registry],
    collect: () => {
      this.memoryBudget.set(this.#memory?.limitBytes ?? Infinity);
    },
  });

  readonly memoryReserved = new Gauge({
    name: 'zooserve_memory_reserved_bytes',
    help: 'Memory that a version is counted with, by estimate',
    labelNames: ['model', 'version'] as const,
    registers: [this.registry],
    collect: () => {
      this.memoryReserved.reset();
      for (const { model, version, bytes } of this.#memory?.usage ?? []) {
        this.memoryReserved.set({ model, version }, bytes);
      }
    },
  });

  /** 1 for the state that the ZooKeeper session is in, 0 for the others. */
  readonly zookeeperState = new Gauge({
    name: 'zooserve_zookeeper_session_state',
    help: '1 for the present state of the ZooKeeper session',
    labelNames: ['state'] as const,
    registers: [this.registry],
  });

  /** 1 while the ensemble is not the one known, and is not followed. */
  readonly otherWorld = new Gauge({
    name: 'zooserve_zookeeper_other_world',
    help: '1 while ZooKeeper was wiped or restored from an older copy, and that was not accepted',
    registers: [this.registry],
  });

  /** When what is known of ZooKeeper stopped being fresh, ms since 1970; undefined while connected. */
  zookeeperStaleSince: number | undefined = Date.now();

  /** 0 while connected. */
  readonly zookeeperStaleSeconds = new Gauge({
    name: 'zooserve_zookeeper_stale_seconds',
    help: 'Seconds since what is known of ZooKeeper was last known to be fresh',
    registers: [this.registry],
    collect: () => {
      const since = this.zookeeperStaleSince;
      this.zookeeperStaleSeconds.set(since === undefined ? 0 : (Date.now() - since) / 1000);
    },
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Asks `depth` whenever the metrics are read, so that counting costs a request nothing; until the answer is called. */
  sampleQueueDepth(model: string, depth: () => number): () => void {
    this.#queues.set(model, depth);
    return () => {
      if (this.#queues.get(model) !== depth) return;
      this.#queues.delete(model);
      this.queueDepth.remove({ model });
    };
  }

  /** Asks `memory` whenever the metrics are read. */
  sampleMemory(memory: MemorySample): void {
    this.#memory = memory;
  }

  /** Asks `drains` for the versions of `model` that are to end, whenever the metrics are read. */
  sampleDrains(model: string, drains: () => readonly DrainSample[]): () => void {
    this.#drains.set(model, drains);
    return () => {
      if (this.#drains.get(model) === drains) this.#drains.delete(model);
    };
  }

  /** The same version may be ending twice, built under two session configs. */
  #showDrains(gauge: Gauge<'model' | 'version'>, add: (sum: number, one: DrainSample) => number): void {
    gauge.reset();
    for (const [model, drains] of this.#drains) {
      const byVersion = new Map<string, number>();
      for (const one of drains()) byVersion.set(one.version, add(byVersion.get(one.version) ?? 0, one));
      for (const [version, value] of byVersion) gauge.set({ model, version }, value);
    }
  }
}
