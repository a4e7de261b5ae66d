import { Counter, Gauge, type Registry } from 'prom-client';

/** What can be counted of the watched znodes of a session. */
interface Figures {
  readonly watched: number;
  readonly stale: number;
  /** `Date.now()`; undefined: none is stale. */
  readonly staleSince: number | undefined;
  readonly missed: number;
}

/** Publishes what `figures` gives whenever the metrics are read. */
export function publishWatches(registry: Registry, figures: () => Figures): void {
  const znodes = new Gauge({
    name: 'zooserve_zookeeper_watched_znodes',
    help: 'Watched znodes, by whether what was read of them is known to be the latest',
    labelNames: ['freshness'] as const,
    registers: [registry],
    collect: () => {
      const { watched, stale } = figures();
      znodes.set({ freshness: 'fresh' }, watched - stale);
      znodes.set({ freshness: 'stale' }, stale);
    },
  });
  const longest = new Gauge({
    name: 'zooserve_zookeeper_watched_stale_seconds',
    help: 'How long the watched znode that has been stale longest has been so; 0 while all are fresh',
    registers: [registry],
    collect: () => {
      const now = Date.now();
      // The clock may have been put back.
      longest.set(Math.max(0, now - (figures().staleSince ?? now)) / 1000);
    },
  });
  const missed = new Counter({
    name: 'zooserve_zookeeper_missed_changes_total',
    help: 'Changes of watched znodes that nothing was notified of, found by reading them again',
    registers: [registry],
    collect: () => {
      missed.reset();
      missed.inc(figures().missed);
    },
  });
}
