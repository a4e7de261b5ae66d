import { seconds } from './lane';
import type { Soaked } from './soak';

/** What was done and what was seen, as lines of text in two columns. */
export function summary({ seed, ms }: { seed: number; ms: number }, soaked: Soaked): string {
  const { written, lanes, complaints } = soaked;
  const rows: readonly (readonly [string, string])[] = [
    ['seed', String(seed)],
    ['faults for', seconds(ms)],
    ...lanes.map(({ lane, counts }): [string, string] => [
      lane,
      [...counts].map(([kind, count]) => `${kind}: ${count}`).join(', '),
    ]),
    [
      'written',
      `${written.acknowledged} acknowledged, ${written['not done']} not done, ${written.unknown} unknown`,
    ],
    [
      'requests',
      `${soaked.requests} in ${soaked.lives} lives of replicas, ${soaked.lost} lost with killed ones`,
    ],
    ['lock', `${soaked.holders} holders, ${soaked.entries} entries under their tokens`],
    ['watches', `${soaked.told} values told to clients`],
    ['converged', `${seconds(soaked.convergedMs)} after the last fault`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...complaints.map((complaint) => `WRONG  ${complaint}`),
    complaints.length === 0
      ? 'passed: no request failed, no observer went back, nobody held the lock twice, all is where ZooKeeper is'
      : `FAILED: ${complaints.length} things are not as they must be`,
  ].join('\n');
}
