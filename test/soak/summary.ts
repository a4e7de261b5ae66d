import { percentile } from '../../bench/percentile';
import { CONVERGED_WITHIN_MS } from './convergence';
import { seconds } from './lane';
import type { Soaked } from './soak';

/** What was done and what was seen, as lines of text in two columns. */
export function summary({ seed, ms }: { seed: number; ms: number }, soaked: Soaked): string {
  const { written, lanes, work, complaints } = soaked;
  const rows: readonly (readonly [string, string])[] = [
    ['seed', String(seed)],
    ['faults for', seconds(ms)],
    ...lanes.map(({ lane, counts }): [string, string] => [
      lane,
      [...counts].map(([kind, { took, decided }]) => `${kind}: ${took} of ${decided}`).join(', '),
    ]),
    [
      'written',
      `${written.acknowledged} acknowledged, ${written['not done']} not done, ${written.unknown} unknown`,
    ],
    [
      'requests',
      `${soaked.requests} in ${soaked.lives} lives of replicas, ${soaked.lost} lost with killed ones`,
    ],
    ['lock', `${soaked.holders} holders, ${soaked.entries} entries in the log that only holders write to`],
    ['queue', `${work.put} items put, ${work.done} done, ${work.doubled} found there once more`],
    ['barrier', `${work.rounds} rounds, passed ${work.passed} times`],
    [
      'watches',
      `${soaked.told} values told to clients, ${soaked.missed} changes missed by all notifications`,
    ],
    ['converged', converged(soaked.convergedMs)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...complaints.map((complaint) => `WRONG  ${complaint}`),
    complaints.length === 0
      ? 'passed: no request failed, nobody went back, nobody held the lock twice, nothing was left, all is where ZooKeeper is'
      : `FAILED: ${complaints.length} things are not as they must be`,
  ].join('\n');
}

function converged(ms: readonly number[]): string {
  if (ms.length === 0) return 'never';
  const [median, slowest] = [percentile(ms, 0.5), percentile(ms, 1)].map(seconds);
  const times = `median ${median ?? ''}, slowest ${slowest ?? ''}`;
  return `${ms.length} times, ${times} after the last fault; ${seconds(CONVERGED_WITHIN_MS)} are allowed`;
}
