import { machine } from '../../../bench/report/machine';
import type { Cells } from './fault';
import { KINDS } from './kinds';
import { Scene, SESSION_TIMEOUT_MS } from './scene';

interface Row {
  readonly fault: string;
  readonly cells: Cells;
}

/** After these the ensemble has forgotten what it knew. */
const LAST = 'worlds';

/** `npm run faults`: lets each fault happen once and prints the tables of docs/faults.md; with names of kinds, only those. */
export async function main(only: readonly string[]): Promise<number> {
  const unknown = only.filter((name) => !(name in KINDS));
  if (unknown.length > 0) {
    console.error(`There is no ${unknown.join(', ')}; there are: ${Object.keys(KINDS).join(', ')}`);
    return 64;
  }
  const asked = Object.keys(KINDS).filter((name) => only.length === 0 || only.includes(name));
  const began = performance.now();
  const measured = await measure([
    ...asked.filter((name) => name !== LAST),
    ...asked.filter((name) => name === LAST),
  ]);
  const { cpu, cores } = machine();
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  console.log(
    `\nSession timeout ${SESSION_TIMEOUT_MS / 1000} s; ${cores} cores of ${cpu}; ${minutes} minutes.`,
  );
  for (const name of asked)
    console.log(`\n## ${KINDS[name]?.heading ?? ''}\n\n${table(measured.get(name) ?? [])}`);
  return 0;
}

async function measure(kinds: readonly string[]): Promise<ReadonlyMap<string, readonly Row[]>> {
  await using scene = await Scene.start();
  const measured = new Map<string, Row[]>();
  for (const kind of kinds) {
    const rows: Row[] = [];
    measured.set(kind, rows);
    for (const fault of KINDS[kind]?.faults ?? []) {
      process.stdout.write(`${fault.name} ...\n`);
      await scene.ensemble.whole();
      rows.push({ fault: fault.name, cells: await fault.measure(scene) });
    }
  }
  return measured;
}

function table(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0]?.cells ?? {});
  const lines = [
    ['fault', ...columns],
    ['---', ...columns.map(() => '---')],
    ...rows.map(({ fault, cells }) => [fault, ...columns.map((column) => cells[column] ?? '')]),
  ];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
