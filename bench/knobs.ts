import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EndSignals } from '../src/cli/end-signals';
import { now, pause } from './clock';
import { inTurns } from './in-turns';
import { closedLoop } from './load/closed-loop';
import { FirstAnswer } from './load/first-answer';
import { openConnections } from './load/http-connection';
import { binaryRequest, jsonRequest } from './load/infer-request';
import { median, percentile } from './percentile';
import { shownNumber } from './report/shown-number';
import { someRows } from './some-rows';
import { Stand } from './stand/stand';

/**
 * `npm run bench:knobs -- [--rounds <n>] [--seconds <s>] [--only <part,part>]`: what each knob of docs/performance.md does,
 * as a ratio to its default. Replicas and models stand side by side, one for each setting, and are measured in turns.
 */
const MLP = [784, 512, 512, 10] as const;
const SMALL = [4, 3] as const;
/** Of the model that rollbacks are measured with, 20 MB. */
const MIDDLE = [1024, 2048, 1024, 512] as const;
const CLIENTS = 64;
/** More than `admission.maxConcurrent`, so that each worker has enough to do. */
const MANY_CLIENTS = 128;
const ROLLBACKS = 5;

/** Models by name, each with the config that gave it the name. */
const CONFIGS: Readonly<Record<string, object>> = {
  defaults: {},
  'maxRows-1': { batching: { maxRows: 1 } },
  'maxRows-8': { batching: { maxRows: 8 } },
  'maxDelayMs-2': { batching: { maxDelayMs: 2 } },
  'maxConcurrent-8': { admission: { maxConcurrent: 8 } },
  'intraOpThreads-2': { session: { intraOpThreads: 2 } },
  'graph-disabled': { session: { graphOptimization: 'disabled' } },
};
/** Waits 2 ms a request without using a core, as a `handler.js` may that asks a device. */
const WAITING = `const cell = new Int32Array(new SharedArrayBuffer(4));
export default { preprocess(inputs) { Atomics.wait(cell, 0, 0, 2); return inputs; } };
`;

interface Knobs {
  readonly stand: Stand;
  readonly rounds: number;
  readonly windowMs: number;
}

type Window = () => Promise<number>;

/** Answers a second to `clients` that ask without pause. */
async function rate(url: string, clients: number, requests: readonly Buffer[], ms: number): Promise<number> {
  const connections = await openConnections(url, clients);
  const { perSecond, failed } = await closedLoop({ connections, requests, durationMs: ms });
  for (const connection of connections) connection.close();
  if (failed > 0) throw new Error(`${failed} requests failed`);
  return perSecond;
}

async function latency(url: string, requests: readonly Buffer[], ms: number): Promise<number> {
  const connections = await openConnections(url, 1);
  const { latenciesMs } = await closedLoop({ connections, requests, durationMs: ms });
  for (const connection of connections) connection.close();
  return percentile(latenciesMs, 0.5);
}

/** Runs the windows in turn and prints each against the first: the median of the ratios within a round. */
async function compare(
  { rounds }: Knobs,
  what: string,
  windows: Readonly<Record<string, Window>>,
): Promise<void> {
  await inTurns(1, windows);
  const results = await inTurns(rounds, windows);
  const [first = []] = Object.values(results);
  for (const [name, values] of Object.entries(results)) {
    const ratio = median(values.map((value, round) => value / (first[round] ?? Number.NaN)));
    const cells = [what.padEnd(44), name.padEnd(18), shownNumber(median(values)).padStart(8)];
    console.log(`${cells.join('  ')}  ${ratio.toFixed(2)}`);
  }
}

async function configs(knobs: Knobs): Promise<void> {
  const { stand, windowMs } = knobs;
  const root = '/configs';
  for (const [model, config] of Object.entries(CONFIGS)) {
    await stand.addPerceptron(model, MLP);
    await stand.configure(root, model, config);
  }
  const promoted = Object.fromEntries(Object.keys(CONFIGS).map((model) => [model, '1']));
  await using replica = await stand.startReplica(root, promoted);
  const each = (window: (model: string) => Promise<number>) =>
    Object.fromEntries(Object.keys(CONFIGS).map((model): [string, Window] => [model, () => window(model)]));
  const of = (model: string, rows: number): Buffer[] =>
    someRows(16, [rows, MLP[0]]).map((some) => binaryRequest(model, some));
  await compare(
    knobs,
    `MLP, 1 row, ${CLIENTS} clients: requests/s`,
    each((model) => rate(replica.url, CLIENTS, of(model, 1), windowMs)),
  );
  await compare(
    knobs,
    'MLP, 32 rows, 1 client: median ms',
    each((model) => latency(replica.url, of(model, 32), windowMs)),
  );
}

async function workers(knobs: Knobs): Promise<void> {
  const { stand, windowMs } = knobs;
  const models = { mlp: MLP, small: SMALL, waits: SMALL } as const;
  for (const [model, widths] of Object.entries(models)) await stand.addPerceptron(model, widths);
  for (const version of ['1', '2']) {
    await writeFile(join(stand.repository, 'waits', version, 'handler.js'), WAITING);
  }
  const promoted = Object.fromEntries(Object.keys(models).map((model) => [model, '1']));
  await using one = await stand.startReplica('/one', promoted);
  await using two = await stand.startReplica('/two', promoted, ['--workers', '2']);
  const each = (window: (url: string) => Promise<number>) => ({
    '--workers 1': () => window(one.url),
    '--workers 2': () => window(two.url),
  });
  const mlp = someRows(16, [1, MLP[0]]).map((rows) => binaryRequest('mlp', rows));
  const json = (model: string): Buffer[] =>
    someRows(16, [1, SMALL[0]]).map((rows) => jsonRequest(model, rows));
  await compare(
    knobs,
    `MLP, 1 row, ${MANY_CLIENTS} clients: requests/s`,
    each((url) => rate(url, MANY_CLIENTS, mlp, windowMs)),
  );
  await compare(
    knobs,
    `4 floats as JSON, ${MANY_CLIENTS} clients: requests/s`,
    each((url) => rate(url, MANY_CLIENTS, json('small'), windowMs)),
  );
  await compare(
    knobs,
    `waits 2 ms a request, ${MANY_CLIENTS} clients: requests/s`,
    each((url) => rate(url, MANY_CLIENTS, json('waits'), windowMs)),
  );
}

async function rollbacks(knobs: Knobs): Promise<void> {
  const { stand } = knobs;
  const root = '/rollbacks';
  const models = { 'keepPrevious-1': {}, 'keepPrevious-0': { residency: { keepPrevious: 0 } } };
  for (const [model, config] of Object.entries(models)) {
    await stand.addPerceptron(model, MIDDLE);
    await stand.configure(root, model, config);
  }
  await using replica = await stand.startReplica(root, { 'keepPrevious-1': '1', 'keepPrevious-0': '1' });
  const back = async (model: string): Promise<number> => {
    const requests = someRows(4, [1, MIDDLE[0]]).map((rows) => binaryRequest(model, rows));
    const load = new FirstAnswer(await openConnections(replica.url, 1), requests);
    const took: number[] = [];
    for (let n = 0; n < ROLLBACKS; n += 1) {
      for (const version of ['2', '1']) {
        const began = now();
        const zxid = await stand.promote(root, model, version);
        took.push((await load.under(zxid)) - began);
        await pause(20);
      }
    }
    await load.stop();
    return median(took);
  };
  const windows = Object.keys(models).map((model): [string, Window] => [model, () => back(model)]);
  await compare(knobs, 'back to the version before, 20 MB: ms', Object.fromEntries(windows));
}

const PARTS: Readonly<Record<string, (knobs: Knobs) => Promise<void>>> = { configs, workers, rollbacks };

async function measure(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '1' },
      only: { type: 'string', default: Object.keys(PARTS).join(',') },
    },
  });
  await using stand = await Stand.start();
  const knobs = { stand, rounds: Number(values.rounds), windowMs: Number(values.seconds) * 1000 };
  for (const part of values.only.split(',')) await PARTS[part]?.(knobs);
  return 0;
}

/** Measures and prints. Returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  using signals = new EndSignals();
  return await Promise.race([signals.heard.then(() => 130), measure(args)]);
}
