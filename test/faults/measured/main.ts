import { machine } from '../../../bench/report/machine';
import { BREAKS, measureBreak, type Row } from './breaks';
import { Scene, SESSION_TIMEOUT_MS } from './scene';
import { TIMED, type Timed } from './starts';

/** `npm run faults`: lets each fault happen once and prints the tables of docs/faults.md. */
export async function main(): Promise<number> {
  await using scene = await Scene.start();
  const rows: Row[] = [];
  for (const fault of BREAKS) {
    process.stdout.write(`${fault.name} ...\n`);
    rows.push(await measureBreak(scene, fault));
  }
  const timed: Timed[] = [];
  for (const [name, measure] of Object.entries(TIMED)) {
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
