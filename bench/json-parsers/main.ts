import { parseArgs } from 'node:util';
import { errorMessage } from '../../src/errors';
import { tensorFromJson, tensorFromRun } from '../../src/inference/codec/json-tensor';
import { NumberRun } from '../../src/inference/codec/number-run';
import { now } from '../clock';
import { inTurns } from '../in-turns';
import { median } from '../percentile';
import { randomFrom } from '../random';
import { shownNumber } from '../report/shown-number';
import { CANDIDATES } from './candidates';
import { InstalledPackages } from './install';

const COUNT = 784;
const SHAPE = [1, COUNT] as const;
/** Of one contestant, within a round. */
const WINDOW_MS = 25;
const WARM_UP_ROUNDS = 3;

const USAGE = `npm run bench:json-parsers -- [--rounds <n>]
  Installs parsers of the npm registry into a temporary folder, compiles those that have native code, and measures
  them beside ours on ${COUNT} numbers, in turns in one process: medians of the
  microseconds of processor time that an array takes, and how often as long as ours that is.`;

/** Texts of the numbers of an array, by what they are called in the table. */
const KINDS: Readonly<Record<string, (random: () => number) => string>> = {
  'of 7 digits': (random) => String(Number(random().toPrecision(7))),
  'of 17 digits': (random) => String(random()),
  '0 to 255': (random) => String(Math.floor(random() * 256)),
};

/** Makes an array of FP32 of the bytes. */
type Parse = (bytes: Buffer) => ArrayLike<unknown>;

const OURS: Readonly<Record<string, Parse>> = {
  'ours, with the checks': (bytes) =>
    tensorFromRun('FP32', SHAPE, new NumberRun(bytes, 0, bytes.length)).data,
  '`JSON.parse` and copy, with the checks': (bytes) =>
    tensorFromJson('FP32', SHAPE, JSON.parse(bytes.toString('latin1')), { limit: bytes.length }).data,
  '`JSON.parse` alone': (bytes) => JSON.parse(bytes.toString('latin1')) as number[],
};

/** Measures and prints a table of Markdown. Returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const rounds = readRounds(args);
  if (rounds === undefined) {
    console.error(USAGE);
    return 64;
  }
  await using packages = await InstalledPackages.install([...new Set(CANDIDATES.map(({ npm }) => npm))]);
  const contestants = { ...OURS, ...(await candidates(packages)) };
  const columns: Record<string, Record<string, number>> = {};
  for (const [kind, number] of Object.entries(KINDS)) {
    columns[kind] = await microseconds(contestants, number, rounds);
  }
  console.log(table(columns));
  return 0;
}

/** A row a contestant: microseconds, and behind them how often as long as ours that is. */
function table(columns: Readonly<Record<string, Readonly<Record<string, number>>>>): string {
  const measured = Object.values(columns);
  const names = Object.keys(measured[0] ?? {});
  const rows = names.map((name) => [
    name,
    ...measured.map((column) => {
      const took = column[name] ?? NaN;
      const ours = column[names[0] ?? ''] ?? NaN;
      return `${shownNumber(took)} (${shownNumber(took / ours)})`;
    }),
  ]);
  const heading = ['', ...Object.keys(columns)];
  return [heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function readRounds(args: readonly string[]): number | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { rounds: { type: 'string', default: '15' } },
    });
    const rounds = Number(values.rounds);
    return Number.isInteger(rounds) && rounds > 0 ? rounds : undefined;
  } catch {
    return undefined;
  }
}

/** Those that can be loaded here; of the others it says why not. */
async function candidates(packages: InstalledPackages): Promise<Record<string, Parse>> {
  const loaded: Record<string, Parse> = {};
  const built = new Set<string>();
  for (const { npm, how, native, load } of CANDIDATES) {
    const name = npm.slice(0, npm.lastIndexOf('@'));
    try {
      // Where its native code is missing, simdjson takes JSON.parse and does not say so.
      if (native && !built.has(name)) packages.build(name);
      built.add(name);
      const read = await load(packages.folder);
      loaded[`\`${npm}\`: ${how}`] = (bytes) => {
        const numbers = new Float32Array(COUNT);
        read(bytes, numbers);
        return numbers;
      };
    } catch (error) {
      console.error(`not measured: ${npm}: ${errorMessage(error)}`);
    }
  }
  return loaded;
}

/** By contestant, the median over the rounds of what one array takes. */
async function microseconds(
  contestants: Readonly<Record<string, Parse>>,
  number: (random: () => number) => string,
  rounds: number,
): Promise<Record<string, number>> {
  const random = randomFrom(1);
  const bodies = Array.from({ length: 16 }, () =>
    Buffer.from(`[${Array.from({ length: COUNT }, () => number(random)).join(',')}]`),
  );
  const windows = Object.fromEntries(
    Object.entries(contestants).map(([name, parse]) => {
      check(name, parse, bodies);
      return [name, () => Promise.resolve(window(parse, bodies))];
    }),
  );
  await inTurns(WARM_UP_ROUNDS, windows);
  const results = await inTurns(rounds, windows);
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, median(values)]));
}

/** Microseconds of processor time a body, V8's own threads included: other processes matter less to it than to a clock. */
function window(parse: Parse, bodies: readonly Buffer[]): number {
  const before = process.cpuUsage();
  const began = now();
  let parsed = 0;
  while (now() - began < WINDOW_MS) {
    for (const body of bodies) parse(body);
    parsed += bodies.length;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / parsed;
}

/** Throws unless the numbers are those of `JSON.parse`, as FP32; of one that hands none back nothing is asked. */
function check(name: string, parse: Parse, bodies: readonly Buffer[]): void {
  if (name.includes('hands no number back')) return;
  for (const body of bodies) {
    // An array of numbers, made above.
    const expected = JSON.parse(body.toString()) as readonly number[];
    const got = parse(body);
    const wrong = expected.findIndex((value, i) => Math.fround(Number(got[i])) !== Math.fround(value));
    if (wrong >= 0 || got.length !== expected.length) throw new Error(`${name} is wrong at ${wrong}`);
  }
}
