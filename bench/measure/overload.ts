import type { Measurement } from '../figure';
import { now } from '../clock';
import { inTurns } from '../in-turns';
import { poissonArrivals } from '../load/arrivals';
import { closedLoop } from '../load/closed-loop';
import { openConnections } from '../load/http-connection';
import { binaryRequest } from '../load/infer-request';
import { openLoop } from '../load/open-loop';
import { median, percentile } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import type { Stand } from '../stand/stand';

/**
 * A model whose runs cost so much that twice the requests which it can carry are little to the event loop and to the
 * load generator: what is measured is what admission does with them, and not how fast HTTP is.
 */
const WIDTHS = [256, 3072, 3072, 10] as const;
const MODEL = 'heavy';
const PEAK_CONNECTIONS = 128;
/** More than are ever in hand (admission.maxConcurrent + maxQueued), so that arrivals wait for no connection. */
const CONNECTIONS = 1600;
const TIMEOUT_MS = 1000;
const LEAD_MS = 200;

/** Goodput under twice the load that the model can carry, and how long those wait who are let in. */
export async function overload(stand: Stand, scale: Scale): Promise<Measurement> {
  await stand.addPerceptron(MODEL, WIDTHS);
  await using replica = await stand.startReplica('/overload', { [MODEL]: '1' });
  const requests = someRows(64, [1, WIDTHS[0]]).map((rows) => binaryRequest(MODEL, rows));
  const some = await openConnections(replica.url, PEAK_CONNECTIONS);
  const many = await openConnections(replica.url, CONNECTIONS);
  const peak = async (durationMs = scale.windowMs): Promise<number> => {
    const { perSecond, failed } = await closedLoop({ connections: some, requests, durationMs });
    if (failed > 0) throw new Error(`${failed} requests failed at the peak rate`);
    return perSecond;
  };
  await peak(scale.warmUpMs);
  let carried = await peak();
  const counts: Record<number, number>[] = [];
  const admitted: number[] = [];
  const lateness: number[] = [];
  const windows = await inTurns(scale.rounds, {
    peak: async () => {
      carried = await peak();
      return { perSecond: carried };
    },
    overload: async () => {
      const arrivals = poissonArrivals(2 * carried, scale.windowMs, 1);
      const result = await openLoop({ connections: many, requests, arrivals, beginsAt: now() + LEAD_MS });
      // Those that were let in and got no answer, or another than 200, count: with the time that it took them to know.
      admitted.push(
        percentile(
          result.latenciesMs.filter((_, i) => result.statuses[i] !== 429),
          0.99,
        ),
      );
      lateness.push(percentile(result.latenessMs, 0.99));
      // The last of them are answered after the last arrival: the time they take is the server's as well.
      const seconds = lastAnswerAt(result.arrivals, result.latenciesMs) / 1000;
      const statuses = counted(result.statuses);
      counts.push(statuses);
      return { perSecond: (statuses[200] ?? 0) / seconds };
    },
  });
  for (const connection of [...some, ...many]) connection.close();
  const rate = (all: readonly { readonly perSecond: number }[]): number =>
    median(all.map(({ perSecond }) => perSecond));
  const shareOf = (status: number): string => {
    const share = median(counts.map((one) => (one[status] ?? 0) / sum(Object.values(one))));
    return `${(100 * share).toFixed(1)} %`;
  };
  return {
    figures: [
      {
        name: 'goodput under twice the load it can carry',
        measured: {
          value: rate(windows.overload),
          unit: 'requests/s',
          what: `ZooServe; ${shareOf(429)} refused at once (429), ${shareOf(504)} late (504)`,
        },
        against: { value: rate(windows.peak), unit: 'requests/s', what: 'its peak' },
        goal: { of: 'ratio', atLeast: 0.9 },
      },
      {
        name: 'p99 of the requests that were let in meanwhile, late ones among them',
        measured: { value: median(admitted), unit: 'ms', what: 'ZooServe' },
        against: { value: TIMEOUT_MS, unit: 'ms', what: 'admission.timeoutMs' },
        goal: { of: 'ratio', atMost: 1 },
      },
      {
        name: 'how late the load generator sent those, p99, part of the latency',
        measured: { value: median(lateness), unit: 'ms', what: 'after they were to arrive' },
      },
    ],
    details: {
      windows,
      statuses: counts,
      admittedP99Ms: admitted,
      generatorLatenessP99Ms: lateness,
      windowMs: scale.windowMs,
    },
  };
}

function lastAnswerAt(arrivals: Float64Array, latenciesMs: Float64Array): number {
  let last = 0;
  for (const [i, at] of arrivals.entries()) {
    const answeredAt = at + (latenciesMs[i] ?? Infinity);
    if (answeredAt < Infinity && answeredAt > last) last = answeredAt;
  }
  return last;
}

function counted(statuses: Uint16Array): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
