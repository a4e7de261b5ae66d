import { relative, join } from 'node:path';
import { parseArgs } from 'node:util';
import { EndSignals } from '../src/cli/end-signals';
import { errorMessage } from '../src/errors';
import type { Figure, Measurement } from './figure';
import { binaryThroughput } from './measure/binary-throughput';
import { generator } from './measure/generator';
import { jsonThroughput } from './measure/json-throughput';
import { largeSwaps } from './measure/large-swaps';
import { memory } from './measure/memory';
import { overload } from './measure/overload';
import { processes } from './measure/processes';
import { rollback } from './measure/rollback';
import { singleRequest } from './measure/single-request';
import { startUp } from './measure/start-up';
import { swapsUnderLoad } from './measure/swaps-under-load';
import { latencyPlot } from './report/latency-plot';
import { machine } from './report/machine';
import { shownNumber } from './report/shown-number';
import { markdownTable, textTable } from './report/table';
import { writeResults } from './report/write-results';
import { FULL, QUICK, type Scale } from './scale';
import { PROJECT_ROOT, Stand } from './stand/stand';

type Measure = (stand: Stand, scale: Scale) => Promise<Measurement & { readonly plot?: string }>;

/** In the order of the table. */
const MEASUREMENTS: Readonly<Record<string, Measure>> = {
  swaps: swapsUnderLoad,
  'large-swaps': async (stand, scale) => {
    const measured = await largeSwaps(stand, scale);
    const { cpu, cores } = machine();
    const plot = latencyPlot(measured.panels, {
      title: 'Latency around swaps to a 134 MB model',
      subtitles: [
        `${Math.round(measured.perSecond)} requests/s, half of what ZooServe can carry, arriving as a Poisson process; latency counts from the arrival`,
        `${cores} cores of ${cpu}, which the servers share with the load generator and Apache ZooKeeper`,
      ],
    });
    return { figures: measured.figures, details: measured.details, plot };
  },
  rollback,
  memory,
  json: jsonThroughput,
  binary: binaryThroughput,
  single: singleRequest,
  start: startUp,
  overload,
  processes,
  generator: (_stand, scale) => generator(scale),
};

const USAGE = `npm run bench -- [--quick] [--swaps <n>] [--only <name,name>] [--profile <folder>]
  --quick    a look, in about a minute; results are not kept with the others
  --swaps    swaps under load, 10000 by default
  --only     some of: ${Object.keys(MEASUREMENTS).join(', ')}
  --profile  CPU profiles of the replicas, for a browser's developer tools`;

/** Measures, prints the table and writes bench/results. Returns the exit status: 0 whether goals are met or not. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    console.error(USAGE);
    return 64;
  }
  using signals = new EndSignals();
  const { profile } = options;
  await using stand = await Stand.start(
    profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile],
  );
  const measured = measureAll(stand, options, args);
  // When a signal ends the run, the stand is taken away under the measurement's feet.
  measured.catch(() => undefined);
  return await Promise.race([signals.heard.then(() => 130), measured]);
}

interface Options {
  readonly scale: Scale;
  readonly names: readonly string[];
  /** Of the files in bench/results. */
  readonly results: string;
  readonly profile: string | undefined;
}

function readOptions(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        swaps: { type: 'string' },
        only: { type: 'string' },
        profile: { type: 'string' },
      },
    });
    const scale = values.quick ? QUICK : FULL;
    const swapsUnderLoad = values.swaps === undefined ? scale.swapsUnderLoad : Number(values.swaps);
    const names = values.only?.split(',') ?? Object.keys(MEASUREMENTS);
    if (!Number.isInteger(swapsUnderLoad) || swapsUnderLoad < 1) return undefined;
    if (names.some((name) => !(name in MEASUREMENTS))) return undefined;
    const whole = !values.quick && values.only === undefined && values.swaps === undefined;
    return {
      scale: { ...scale, swapsUnderLoad },
      names,
      results: whole ? 'latest' : 'look',
      profile: values.profile,
    };
  } catch {
    return undefined;
  }
}

async function measureAll(stand: Stand, options: Options, args: readonly string[]): Promise<number> {
  const about = machine();
  const began = performance.now();
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  const failures: string[] = [];
  let plot: string | undefined;
  for (const name of options.names) {
    const started = performance.now();
    process.stdout.write(`${name} ... `);
    try {
      const measured = await MEASUREMENTS[name]?.(stand, options.scale);
      console.log(`${shownNumber((performance.now() - started) / 1000)} s`);
      figures.push(...(measured?.figures ?? []));
      details[name] = measured?.details;
      plot = measured?.plot ?? plot;
    } catch (error) {
      // What the others found out is not lost with it.
      console.log(`FAILED: ${errorMessage(error)}`);
      failures.push(`${name}: ${errorMessage(error)}`);
      details[name] = { failed: errorMessage(error) };
    }
  }
  console.log(`\n${textTable(figures)}\n`);
  for (const failure of failures) console.error(`not measured: ${failure}`);
  const written = writeResults(join(PROJECT_ROOT, 'bench', 'results'), {
    name: options.results,
    command: ['npm run bench', ...(args.length === 0 ? [] : ['--', ...args])].join(' '),
    date: new Date().toISOString().slice(0, 10),
    machine: about,
    seconds: (performance.now() - began) / 1000,
    figures,
    details: { ...details, markdown: markdownTable(figures) },
    plot,
  });
  console.log(`written: ${written.map((path) => relative(PROJECT_ROOT, path)).join(', ')}`);
  return failures.length === 0 ? 0 : 1;
}
