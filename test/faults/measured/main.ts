import { machine } from '../../../bench/report/machine';
import { BREAKS, measureBreak, type Row } from './breaks';
import { Scene, SESSION_TIMEOUT_MS } from './scene';
import { ACCESS } from './access';
import { CERTIFICATES } from './certificates';
import { CREDENTIALS } from './credentials';
import { MUTE } from './mute';
import { STARTS } from './starts';
import type { Measure, Timed } from './timed';
import { WORKERS } from './workers';

const { wiped, ...starts } = STARTS;
/** The last one has the ensemble forget everything. */
const TIMED: Readonly<Record<string, Measure>> = {
  ...{ ...starts, ...MUTE, ...WORKERS, ...ACCESS, ...CREDENTIALS, ...CERTIFICATES },
  wiped,
};

/** `npm run faults`: lets each fault happen once and prints the tables of docs/faults.md; with names, only those. */
export async function main(only: readonly string[]): Promise<number> {
  const asked = (name: string): boolean => only.length === 0 || only.includes(name);
  const unknown = only.filter((name) => name !== 'breaks' && !(name in TIMED));
  if (unknown.length > 0) {
    console.error(`There is no ${unknown.join(', ')}; there are: breaks, ${Object.keys(TIMED).join(', ')}`);
    return 64;
  }
  await using scene = await Scene.start();
  const rows: Row[] = [];
  for (const fault of asked('breaks') ? BREAKS : []) {
    process.stdout.write(`${fault.name} ...\n`);
    rows.push(await measureBreak(scene, fault));
  }
  const timed: Timed[] = [];
  for (const [name, measure] of Object.entries(TIMED).filter(([one]) => asked(one))) {
    process.stdout.write(`${name} ...\n`);
    timed.push(...(await measure(scene)));
  }
  const { cpu, cores } = machine();
  console.log(`\nSession timeout ${SESSION_TIMEOUT_MS / 1000} s; ${cores} cores of ${cpu}.\n`);
  console.log(breakTable(rows));
  console.log(`\n${timedTable(timed)}`);
  return 0;
}

function breakTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0]?.cells ?? {});
  return table(
    ['fault', ...columns],
    rows.map(({ fault, cells }) => [fault, ...columns.map((column) => cells[column] ?? '')]),
  );
}

function timedTable(timed: readonly Timed[]): string {
  return table(
    ['what', 'took'],
    timed.map(({ what, took }) => [what, took]),
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return [headings, headings.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
