import { Registry } from 'prom-client';
import { publishWatches } from '../src/watch-metrics';

test('watched znodes are read off when the metrics are', async () => {
  const registry = new Registry();
  let figures = { watched: 5, stale: 2, missed: 0 };
  publishWatches(registry, () => figures);
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => /^zooserve/.test(line));
  expect(await lines()).toEqual([
    'zooserve_zookeeper_watched_znodes{freshness="fresh"} 3',
    'zooserve_zookeeper_watched_znodes{freshness="stale"} 2',
    'zooserve_zookeeper_missed_changes_total 0',
  ]);
  figures = { watched: 5, stale: 0, missed: 1 };
  for (const _ of [1, 2]) {
    expect(await lines()).toEqual([
      'zooserve_zookeeper_watched_znodes{freshness="fresh"} 5',
      'zooserve_zookeeper_watched_znodes{freshness="stale"} 0',
      'zooserve_zookeeper_missed_changes_total 1',
    ]);
  }
});
