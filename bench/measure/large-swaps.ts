import { join } from 'node:path';
import type { Figure, Measurement } from '../figure';
import { closedLoop } from '../load/closed-loop';
import { openConnections } from '../load/http-connection';
import { jsonRequest } from '../load/infer-request';
import { failures, swapTimeline, within, type Span, type Timeline } from '../load/swap-timeline';
import { median, percentile } from '../percentile';
import type { TimelinePanel } from '../report/latency-plot';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import { ServerProcess } from '../stand/server-process';
import type { Stand } from '../stand/stand';

/** 4096 x 8192 weights are 134 MB. */
const WIDTHS = [64, 4096, 8192, 10] as const;
const MODEL = 'large';
const BODIES = 64;
const PEAK_CONNECTIONS = 64;
const DESIGNS = {
  'on-the-event-loop': 'inference on the event loop',
  'unload-then-load': 'unload, then load',
} as const;

/** What the summary of one server's timeline says. */
interface Summary {
  readonly quietP99Ms: number;
  readonly swappingP99Ms: number;
  readonly failed: number;
  /** Those by status. */
  readonly failures: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly swaps: number;
  readonly swapMs: number;
  readonly windows: { readonly quiet: readonly number[]; readonly swapping: readonly number[] };
  /** 99 of 100 requests were sent no later than this after they were to arrive. */
  readonly latenessP99Ms: number;
}

export interface LargeSwaps extends Measurement {
  readonly panels: readonly TimelinePanel[];
  readonly perSecond: number;
}

/** Latency around swaps to a 134 MB model at half the peak rate: ours, and two naive designs under the same load. */
export async function largeSwaps(stand: Stand, scale: Scale): Promise<LargeSwaps> {
  await stand.addPerceptron(MODEL, WIDTHS);
  const requests = someRows(BODIES, [1, WIDTHS[0]]).map((rows) => jsonRequest(MODEL, rows));
  const panels: TimelinePanel[] = [];
  const root = '/large';
  await stand.configure(root, MODEL, { residency: { keepPrevious: 0 } });
  let perSecond: number;
  {
    await using replica = await stand.startReplica(root, { [MODEL]: '1' });
    await peakRate(replica.url, requests, scale.warmUpMs);
    const peak = await peakRate(replica.url, requests, scale.windowMs);
    perSecond = peak / 2;
    const timeline = await around(replica, stand, root, perSecond, scale.swapRounds, scale, requests);
    panels.push({ title: 'ZooServe: load beside, swap, then unload', timeline });
  }
  for (const [design, title] of Object.entries(DESIGNS)) {
    const at = `/large-${design}`;
    await stand.promoteAll(at, { [MODEL]: '1' });
    await using server = await ServerProcess.start(join(__dirname, '..', 'naive', 'main.js'), [
      design,
      stand.zookeeper.connectString,
      at,
      stand.repository,
      MODEL,
    ]);
    const timeline = await around(server, stand, at, perSecond, scale.baselineSwapRounds, scale, requests);
    panels.push({ title: `naive: ${title}`, timeline });
  }
  const summaries = panels.map(({ timeline }) => summary(timeline));
  return { ...report(panels, summaries, perSecond), panels, perSecond };
}

async function peakRate(url: string, requests: readonly Uint8Array[], durationMs: number): Promise<number> {
  const connections = await openConnections(url, PEAK_CONNECTIONS);
  const { perSecond, failed } = await closedLoop({ connections, requests, durationMs });
  for (const connection of connections) connection.close();
  if (failed > 0) throw new Error(`${failed} requests failed while the peak rate was looked for`);
  return perSecond;
}

async function around(
  server: ServerProcess,
  stand: Stand,
  root: string,
  perSecond: number,
  rounds: number,
  scale: Scale,
  requests: readonly Uint8Array[],
): Promise<Timeline> {
  let version = '1';
  return swapTimeline({
    url: server.url,
    requests,
    perSecond,
    partMs: scale.swapWindowMs,
    rounds,
    promoteOther: () => {
      version = version === '1' ? '2' : '1';
      return stand.promote(root, MODEL, version);
    },
  });
}

function summary(timeline: Timeline): Summary {
  const p99 = (spans: readonly Span[]): number[] =>
    spans.map((span) => percentile(within(timeline, span).latenciesMs, 0.99));
  const quiet = p99(timeline.quiet);
  const swapping = p99(timeline.swapping);
  const all = within(timeline, { from: 0, to: Infinity });
  return {
    quietP99Ms: median(quiet),
    swappingP99Ms: median(swapping),
    failed: all.failed,
    failures: failures(timeline),
    requests: timeline.load.arrivals.length,
    swaps: timeline.swaps.length,
    swapMs: median(timeline.swaps.map(({ from, to }) => to - from)),
    windows: { quiet, swapping },
    latenessP99Ms: percentile(timeline.load.latenessMs, 0.99),
  };
}

function report(
  panels: readonly TimelinePanel[],
  summaries: readonly Summary[],
  perSecond: number,
): Measurement {
  const [ours, ...naive] = summaries;
  if (ours === undefined) throw new Error('nothing was measured');
  const rate = `${Math.round(perSecond)} requests/s`;
  const figures: Figure[] = [
    {
      name: `p99 during swaps to a 134 MB model, open loop at half the peak (${rate})`,
      measured: { value: ours.swappingP99Ms, unit: 'ms', what: `ZooServe, ${ours.swaps} swaps` },
      against: { value: ours.quietP99Ms, unit: 'ms', what: 'the same load without swaps' },
      goal: { of: 'ratio', atMost: 1.2 },
    },
    {
      name: 'failed requests in that load',
      measured: { value: ours.failed, unit: '', what: `of ${ours.requests}${inWords(ours.failures)}` },
      against: { value: 0, unit: '', what: 'none' },
      goal: { of: 'measured', atMost: 0 },
    },
    {
      name: 'how late the load generator sent them, p99, part of the latency',
      measured: { value: ours.latenessP99Ms, unit: 'ms', what: 'after they were to arrive' },
    },
  ];
  for (const [i, each] of naive.entries()) {
    const { title = '' } = panels[i + 1] ?? {};
    const of = `${each.swaps} swaps, ${each.failed} of ${each.requests} failed`;
    figures.push({
      name: `${title}, p99 during the same swaps`,
      measured: { value: each.swappingP99Ms, unit: 'ms', what: of },
      against: { value: ours.swappingP99Ms, unit: 'ms', what: `ZooServe, ${ours.failed} failed` },
    });
  }
  return {
    figures,
    details: { perSecond, ...Object.fromEntries(panels.map(({ title }, i) => [title, summaries[i]])) },
  };
}

function inWords(failures: Summary['failures']): string {
  const kinds = Object.entries(failures).map(([status, count]) => `${count} times ${status}`);
  return kinds.length === 0 ? '' : `: ${kinds.join(', ')}`;
}
