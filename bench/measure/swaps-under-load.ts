import { CheckedLoad, type CheckedLoadResult } from '../checked-load';
import { now } from '../clock';
import type { Measurement } from '../figure';
import { heldOut } from '../held-out';
import { openConnections } from '../load/http-connection';
import { getRequest } from '../load/infer-request';
import { median, percentile } from '../percentile';
import type { Scale } from '../scale';
import { PROJECT_ROOT, type Stand } from '../stand/stand';

const CONNECTIONS = 16;
/** One swap in so many loads the version anew, and ends the one before; for the others both stay in memory. */
const LOADING_ONE_IN = 10;
const ROOT = '/swaps';

/**
 * Swaps back to back, by a bare ZooKeeper client that writes again as soon as an answer names its last write,
 * while clients ask without pause and hold each answer against scikit-learn's own numbers, row by row, to 1e-5.
 */
export async function swapsUnderLoad(stand: Stand, scale: Scale): Promise<Measurement> {
  const fixture = heldOut('iris', PROJECT_ROOT);
  const loading = Math.ceil(scale.swapsUnderLoad / LOADING_ONE_IN);
  await stand.configure(ROOT, 'iris', { residency: { keepPrevious: 0 } });
  await using replica = await stand.startReplica(ROOT, { iris: '1' });
  const load = new CheckedLoad(replica.url, fixture, CONNECTIONS);
  const written = new Map<string, string>();
  const followedMs: number[] = [];
  const began = now();
  for (let i = 0; i < scale.swapsUnderLoad; i += 1) {
    if (i === loading) await stand.configure(ROOT, 'iris', { residency: { keepPrevious: 1 } });
    const version = i % 2 === 0 ? '2' : '1';
    const writtenAt = now();
    const zxid = await stand.promote(ROOT, 'iris', version);
    written.set(zxid, version);
    await load.answeredUnder(zxid);
    followedMs.push(now() - writtenAt);
  }
  const seconds = (now() - began) / 1000;
  const { latenciesMs, byPromotion, ...result } = await load.stop();
  const misnamed = misnamedPromotions(byPromotion, written);
  const outcomes = await swapOutcomes(replica.url);
  const what = `in ${scale.swapsUnderLoad} swaps (${outcomes.swapped} loads), ${result.requests} requests`;
  return {
    figures: [
      {
        name: 'failed answers under load',
        measured: { value: result.failed, unit: '', what },
        against: { value: 0, unit: '', what: 'none' },
        goal: { of: 'measured', atMost: 0 },
      },
      {
        name: 'answers mixing versions',
        measured: { value: result.mixed + misnamed, unit: '', what },
        against: { value: 0, unit: '', what: 'none' },
        goal: { of: 'measured', atMost: 0 },
      },
    ],
    details: {
      ...result,
      misnamed,
      outcomes,
      seconds,
      followedMs: { median: median(followedMs), p99: percentile(followedMs, 0.99) },
      latencyMs: { median: median(latenciesMs), p99: percentile(latenciesMs, 0.99) },
    },
  };
}

/** What the replica counted: versions loaded and swapped in, and those that were in memory. */
async function swapOutcomes(url: string): Promise<Readonly<Record<'swapped' | 'resident', number>>> {
  const [connection] = await openConnections(url, 1);
  const answer = await connection?.ask(getRequest('/metrics'));
  connection?.close();
  const count = (outcome: string): number => {
    const line = new RegExp(`^zooserve_swaps_total\\{model="iris",outcome="${outcome}"\\} (\\d+)$`, 'm');
    return Number(line.exec(answer?.body.toString() ?? '')?.[1] ?? NaN);
  };
  return { swapped: count('swapped'), resident: count('resident') };
}

/** Promotions under which an answer named another version than was written. */
function misnamedPromotions(
  seen: CheckedLoadResult['byPromotion'],
  written: ReadonlyMap<string, string>,
): number {
  let misnamed = 0;
  for (const [zxid, version] of written) {
    const named = seen.get(zxid);
    if (named !== undefined && [...named].some((name) => name !== version)) misnamed += 1;
  }
  return misnamed;
}
