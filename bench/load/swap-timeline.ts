import { now, pause, until } from '../clock';
import { poissonArrivals } from './arrivals';
import { FirstTimes, promotionOf } from './first-answer';
import { openConnections } from './http-connection';
import { openLoop, type OpenLoopResult } from './open-loop';

/** Clients enough that none has to wait for a connection, as long as the server keeps up. */
const CONNECTIONS = 256;
/** After a swap, before the next. */
const BETWEEN_SWAPS_MS = 250;
/** What a swap leaves to be done (the end of the old version) still counts as part of it for so long. */
const AFTERMATH_MS = 500;
const LEAD_MS = 200;

export interface TimelineOptions {
  readonly url: string;
  readonly requests: readonly Uint8Array[];
  readonly perSecond: number;
  /** Of each part, quiet or with swaps. */
  readonly partMs: number;
  /** Parts with swaps; one quiet part before each, and one after the last. */
  readonly rounds: number;
  /** Promotes the version that is not promoted now; returns the zxid of the write. */
  readonly promoteOther: () => Promise<string>;
}

/** Milliseconds from the beginning of the timeline. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Timeline {
  readonly quiet: readonly Span[];
  readonly swapping: readonly Span[];
  /** Each from its write to the first answer by the new version. */
  readonly swaps: readonly Span[];
  readonly load: OpenLoopResult;
}

/**
 * One load, from beginning to end, at arrivals that take no notice of the answers; parts without swaps and parts
 * filled with swaps in turn.
 */
export async function swapTimeline(options: TimelineOptions): Promise<Timeline> {
  const { url, requests, perSecond, partMs, rounds, promoteOther } = options;
  const connections = await openConnections(url, CONNECTIONS);
  const arrivals = poissonArrivals(perSecond, partMs * (2 * rounds + 1), 1);
  const beginsAt = now() + LEAD_MS;
  const firstTimes = new FirstTimes();
  const loaded = openLoop({
    connections,
    requests,
    arrivals,
    beginsAt,
    onAnswer: (answer) => {
      if (answer.status === 200) firstTimes.see(promotionOf(answer));
    },
  });
  const quiet: Span[] = [];
  const swapping: Span[] = [];
  const swaps: Span[] = [];
  let quietFrom = 0;
  for (let round = 0; round < rounds; round += 1) {
    const from = partMs * (2 * round + 1);
    const to = from + partMs;
    await until(beginsAt + from);
    let lastTook = 0;
    do {
      const writtenAt = now();
      const answeredAt = await firstTimes.of(await promoteOther());
      swaps.push({ from: writtenAt - beginsAt, to: answeredAt - beginsAt });
      lastTook = answeredAt - writtenAt;
      await pause(BETWEEN_SWAPS_MS);
    } while (now() + lastTook - beginsAt < to);
    const swappedTo = Math.max(to, (swaps.at(-1)?.to ?? to) + AFTERMATH_MS);
    quiet.push({ from: quietFrom, to: from });
    swapping.push({ from, to: swappedTo });
    quietFrom = swappedTo;
  }
  quiet.push({ from: quietFrom, to: partMs * (2 * rounds + 1) });
  const load = await loaded;
  for (const connection of connections) connection.close();
  return { quiet, swapping, swaps, load };
}

/**
 * Of the requests that were to arrive within `span`: their latencies, and how many got no answer or an error. For
 * those the latency is Infinity: a server that drops what it is slow with is not a fast one.
 */
export function within({ load }: Timeline, { from, to }: Span): { latenciesMs: number[]; failed: number } {
  const { arrivals, latenciesMs, statuses } = load;
  const latencies: number[] = [];
  let failed = 0;
  for (const [i, at] of arrivals.entries()) {
    if (at < from || at >= to) continue;
    const answered = statuses[i] === 200;
    latencies.push(answered ? (latenciesMs[i] ?? Infinity) : Infinity);
    if (!answered) failed += 1;
  }
  return { latenciesMs: latencies, failed };
}

/** How often each status other than 200 was answered, by that status; `none`: no answer at all. */
export function failures({ load }: Timeline): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const status of load.statuses) {
    if (status === 200) continue;
    const kind = status === 0 ? 'none' : String(status);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
