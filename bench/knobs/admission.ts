import { now } from '../clock';
import { poissonArrivals } from '../load/arrivals';
import { closedLoop } from '../load/closed-loop';
import { type HttpConnection, openConnections } from '../load/http-connection';
import { binaryRequest, getRequest } from '../load/infer-request';
import { openLoop } from '../load/open-loop';
import { median } from '../percentile';
import { someRows } from '../some-rows';
import { compare, each, type Knobs } from './compare';

/** Costly to run, so that refusals are little to the event loop and to the load generator. */
const WIDTHS = [256, 3072, 3072, 10] as const;
const ROOT = '/admission';
const PEAK_CONNECTIONS = 128;
/** More than are ever in hand, so that arrivals wait for no connection. */
const CONNECTIONS = 1600;
const LEAD_MS = 200;
/** Long enough that the longest queue is full for most of it. */
const LEAST_WINDOW_MS = 1500;

const DEFAULTS = 'maxQueued-1024';
/** Of a model each that has the name. */
const QUEUES = { 'maxQueued-1024': 1024, 'maxQueued-128': 128, 'maxQueued-0': 0 };
const TIMEOUTS = { 'timeoutMs-1000': 1000, 'timeoutMs-100': 100, 'timeoutMs-25': 25 };

/** Twice the load that a model can carry: how long the queue makes wait, what it refuses, and what comes too late. */
export async function admission({ stand, rounds, windowMs }: Knobs): Promise<void> {
  const configs: Readonly<Record<string, object>> = {
    ...mapped(QUEUES, (maxQueued) => ({ maxQueued })),
    ...mapped(TIMEOUTS, (timeoutMs) => ({ timeoutMs })),
  };
  for (const [model, limits] of Object.entries(configs)) {
    await stand.addPerceptron(model, WIDTHS);
    await stand.configure(ROOT, model, { admission: limits });
  }
  await using replica = await stand.startReplica(
    ROOT,
    mapped(configs, () => '1'),
  );
  const connections = await openConnections(replica.url, CONNECTIONS);
  const durationMs = Math.max(windowMs, LEAST_WINDOW_MS);
  const overloaded = (model: string): Promise<Overloaded> => twiceThePeak(connections, model, durationMs);
  await compare(
    rounds,
    'twice the load it can carry',
    each(QUEUES, async (_, model) => {
      const { answered, waits, ofAll } = await overloaded(model);
      return { 'answered/s': answered, 'median ms of those': median(waits), 'refused (429), %': ofAll(429) };
    }),
  );
  await compare(
    rounds,
    'twice the load it can carry',
    each(TIMEOUTS, async (_, model) => {
      const { answered, inVain, ofAll } = await overloaded(model);
      return { 'answered/s': answered, 'late (504), %': ofAll(504), 'run in vain, %': inVain };
    }),
  );
  for (const connection of connections) connection.close();
}

interface Overloaded {
  /** With 200, a second. */
  readonly answered: number;
  /** Milliseconds from the arrival to those answers. */
  readonly waits: readonly number[];
  /** Percent of all requests that got that status. */
  readonly ofAll: (status: number) => number;
  /** Percent of the rows that were run, a row a request, for answers that were late. */
  readonly inVain: number;
}

async function twiceThePeak(
  connections: readonly HttpConnection[],
  model: string,
  durationMs: number,
): Promise<Overloaded> {
  const rows = someRows(64, [1, WIDTHS[0]]);
  const to = (name: string): Buffer[] => rows.map((some) => binaryRequest(name, some));
  const requests = to(model);
  // With the defaults, since some limits refuse these clients as well.
  const { answered: carried } = await closedLoop({
    connections: connections.slice(0, PEAK_CONNECTIONS),
    requests: to(DEFAULTS),
    durationMs,
  });
  const before = await rowsRun(connections, model);
  const arrivals = poissonArrivals((2000 * carried) / durationMs, durationMs, 1);
  const load = await openLoop({ connections, requests, arrivals, beginsAt: now() + LEAD_MS });
  const run = (await rowsRun(connections, model)) - before;
  const { statuses, latenciesMs } = load;
  const waits = [...latenciesMs].filter((_, i) => statuses[i] === 200);
  // The last of them are answered after the last arrival: the time they take is the server's as well.
  const lastAnswerAt = arrivals.reduce(
    (last, at, i) => Math.max(last, statuses[i] === 0 ? 0 : at + (latenciesMs[i] ?? 0)),
    0,
  );
  return {
    answered: (waits.length / lastAnswerAt) * 1000,
    waits,
    ofAll: (status) => (100 * statuses.filter((one) => one === status).length) / statuses.length,
    inVain: (100 * (run - waits.length)) / run,
  };
}

async function rowsRun([connection]: readonly HttpConnection[], model: string): Promise<number> {
  const answer = await connection?.ask(getRequest('/metrics'));
  const sum = new RegExp(`^zooserve_batch_rows_sum\\{model="${model}"\\} (\\d+)$`, 'm');
  return Number(sum.exec(answer?.body.toString() ?? '')?.[1] ?? NaN);
}

function mapped<From, To>(
  all: Readonly<Record<string, From>>,
  to: (one: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, to(one)]));
}
