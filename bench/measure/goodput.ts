import { now } from '../clock';
import { inTurns } from '../in-turns';
import { poissonArrivals } from '../load/arrivals';
import { closedLoop } from '../load/closed-loop';
import { openConnections } from '../load/http-connection';
import { openLoop } from '../load/open-loop';
import { percentile } from '../percentile';
import type { ServerProcess } from '../stand/server-process';
import { busiest, threadTimes } from '../stand/thread-times';

/** More than are ever in hand (admission.maxConcurrent + maxQueued), so that arrivals wait for no connection. */
const CONNECTIONS = 1600;
const LEAD_MS = 200;

export interface GoodputOptions {
  readonly replica: ServerProcess;
  /** Sent in turn. */
  readonly requests: readonly Uint8Array[];
  /** Enough of them to keep the model busy. */
  readonly peakConnections: number;
  readonly warmUpMs: number;
  readonly rounds: number;
  readonly windowMs: number;
}

export interface OverloadWindow {
  /** Answers with 200 a second, until the last answer. */
  readonly perSecond: number;
  /** Requests by HTTP status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Of those that were let in; without an answer, or with another than 200, by the time that it took them to know. */
  readonly admittedP99Ms: number;
  readonly generatorLatenessP99Ms: number;
  /** Shares of the window, and microseconds of processor time for each request that came. */
  readonly threads: {
    readonly workerRan: number;
    readonly workerWaited: number;
    readonly eventLoopRan: number;
    readonly eventLoopMicroseconds: number;
    readonly generatorMicroseconds: number;
  };
}

export interface Goodput {
  /** Requests a second. */
  readonly peak: number[];
  readonly overload: OverloadWindow[];
}

/** What a model carries with clients that wait for its answers, and what it answers of twice as many requests, in turns. */
export async function goodput(options: GoodputOptions): Promise<Goodput> {
  const { replica, requests, rounds, windowMs } = options;
  const some = await openConnections(replica.url, options.peakConnections);
  const many = await openConnections(replica.url, CONNECTIONS);
  const pid = replica.child.pid ?? NaN;
  const peak = async (durationMs: number): Promise<number> => {
    const { perSecond, failed } = await closedLoop({ connections: some, requests, durationMs });
    if (failed > 0) throw new Error(`${failed} requests failed at the peak rate`);
    return perSecond;
  };
  await peak(options.warmUpMs);
  let carried = await peak(windowMs);
  const windows: Goodput = { peak: [], overload: [] };
  await inTurns<'peak' | 'overload', unknown>(rounds, {
    peak: async () => {
      carried = await peak(windowMs);
      windows.peak.push(carried);
    },
    overload: async () => {
      const arrivals = poissonArrivals(2 * carried, windowMs, 1);
      const before = threadTimes(pid);
      const own = process.cpuUsage();
      const result = await openLoop({ connections: many, requests, arrivals, beginsAt: now() + LEAD_MS });
      const { user, system } = process.cpuUsage(own);
      const { first, beside } = busiest(pid, before, threadTimes(pid));
      // The last of them are answered after the last arrival: the time they take is the server's as well.
      const lastedMs = lastAnswerAt(result.arrivals, result.latenciesMs);
      const statuses = counted(result.statuses);
      const admitted = result.latenciesMs.filter((_, i) => result.statuses[i] !== 429);
      windows.overload.push({
        perSecond: ((statuses[200] ?? 0) / lastedMs) * 1000,
        statuses,
        admittedP99Ms: percentile(admitted, 0.99),
        generatorLatenessP99Ms: percentile(result.latenessMs, 0.99),
        threads: {
          workerRan: beside.ran / lastedMs,
          workerWaited: beside.waited / lastedMs,
          eventLoopRan: first.ran / lastedMs,
          eventLoopMicroseconds: (first.ran * 1000) / arrivals.length,
          generatorMicroseconds: (user + system) / arrivals.length,
        },
      });
    },
  });
  for (const connection of [...some, ...many]) connection.close();
  return windows;
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
