import { Registry } from 'prom-client';
import type { WatchFigures } from '../src/streams/watching';
import { publishWatches } from '../src/watch-metrics';

const NOW = 100_000;

function publish(figures: () => WatchFigures): () => Promise<readonly string[]> {
  const registry = new Registry();
  publishWatches(registry, figures);
  return async () => (await registry.metrics()).split('\n').filter((line) => /^zooserve/.test(line));
}

beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW);
});
afterEach(() => {
  jest.restoreAllMocks();
});

test('watched znodes are read off when the metrics are', async () => {
  let figures: WatchFigures = { watched: 5, stale: 2, staleSince: NOW - 2500, missed: 0 };
  const lines = publish(() => figures);
  expect(await lines()).toEqual([
    'zooserve_zookeeper_watched_znodes{freshness="fresh"} 3',
    'zooserve_zookeeper_watched_znodes{freshness="stale"} 2',
    'zooserve_zookeeper_watched_stale_seconds 2.5',
    'zooserve_zookeeper_missed_changes_total 0',
  ]);
  figures = { watched: 5, stale: 0, staleSince: undefined, missed: 1 };
  for (const _ of [1, 2]) {
    expect(await lines()).toEqual([
      'zooserve_zookeeper_watched_znodes{freshness="fresh"} 5',
      'zooserve_zookeeper_watched_znodes{freshness="stale"} 0',
      'zooserve_zookeeper_watched_stale_seconds 0',
      'zooserve_zookeeper_missed_changes_total 1',
    ]);
  }
});

test('a clock that was put back makes no negative time', async () => {
  const lines = publish(() => ({ watched: 1, stale: 1, staleSince: NOW + 1000, missed: 0 }));
  expect(await lines()).toContain('zooserve_zookeeper_watched_stale_seconds 0');
});
