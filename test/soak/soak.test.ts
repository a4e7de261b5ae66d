import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TEST_SEED } from '../support/seeded-random';
import { type Lane, seededFor } from './lane';
import { LANES, soak } from './soak';
import { neverHappened } from './verdict';

const FAULTS_FOR_MS = 10_000;
/** The start and the end of a run take as long as the machine lets them. */
const PATIENCE_MS = 600_000;

function decisions(lane: Lane, seed: number): readonly string[] {
  const decide = lane.decisions(seededFor(lane.name, seed));
  return Array.from({ length: 200 }, () => {
    const { words, calmMs } = decide();
    return `${words}, then ${calmMs} ms`;
  });
}

test('the same seed decides the same things in the same order, another seed others', () => {
  for (const lane of LANES) {
    expect(decisions(lane, 7)).toEqual(decisions(lane, 7));
    expect(decisions(lane, 7)).not.toEqual(decisions(lane, 8));
    expect(new Set(decisions(lane, 7)).size).toBeGreaterThan(100);
  }
});

test('each kind of fault is decided before any comes twice as often as it should', () => {
  for (const lane of LANES) {
    const decide = lane.decisions(seededFor(lane.name, 7));
    const kinds = Array.from({ length: 12 }, () => decide().kind);
    expect(new Set(kinds)).toEqual(new Set(lane.kinds));
  }
});

test('what was decided and never took hold is told of a run that is long enough', () => {
  const counts = new Map([
    ['cut', { decided: 4, took: 1 }],
    ['silence', { decided: 3, took: 0 }],
  ]);
  const lanes = [{ lane: 'network', counts, complaints: [] }];
  expect(neverHappened(lanes, 180_000)).toEqual(['network: silence was tried 3 times and never took hold']);
  expect(neverHappened(lanes, 10_000)).toEqual([]);
});

test(
  `whatever happens, no request fails and everybody ends where ZooKeeper is (seed ${TEST_SEED})`,
  async () => {
    const lines: string[] = [];
    const soaked = await soak({
      seed: TEST_SEED,
      ms: FAULTS_FOR_MS,
      print: (line) => lines.push(line),
      interrupted: new AbortController().signal,
    });
    // With the events before them, if there are any.
    expect([...(soaked.complaints.length > 0 ? lines : []), ...soaked.complaints]).toEqual([]);
    expect(soaked.requests).toBeGreaterThan(100);
    // How many it comes to depends on the faults: the first is put before there is any.
    expect(soaked.work.done).toBeGreaterThan(0);
    expect(soaked.written.acknowledged).toBeGreaterThan(0);
    for (const { lane, counts } of soaked.lanes) {
      const took = [...counts.values()].reduce((sum, count) => sum + count.took, 0);
      expect([lane, took]).not.toEqual([lane, 0]);
    }
    expect(soaked.convergedMs).toHaveLength(2 * 2 * 6);
  },
  PATIENCE_MS,
);

test(
  'interrupted, it ends what it started and says so',
  async () => {
    const main = join(__dirname, 'main.js');
    const script = `require(${JSON.stringify(main)}).main(['--seed', '1']).then(process.exit)`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));
    while (!lines.some((line) => line.includes('#1 '))) await once(reader, 'line');
    const children = childrenOf(child.pid);
    expect(children.length).toBeGreaterThanOrEqual(6);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect([code, lines.at(-1)]).toEqual([143, 'interrupted: everything was ended, nothing was judged']);
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  },
  PATIENCE_MS,
);

/** As Linux has it. */
function childrenOf(pid: number | undefined): readonly number[] {
  const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'latin1');
  return text.trim().split(' ').map(Number);
}
