import { ZnodePaths } from '../../src/registry/paths';
import { CheckedLoad } from '../checked-load';
import { now } from '../clock';
import type { Measurement } from '../figure';
import { heldOut } from '../held-out';
import { openConnections } from '../load/http-connection';
import { getRequest } from '../load/infer-request';
import { misnamed } from '../misnamed';
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
  const written = new Map([await promoted(stand)]);
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
  const loaded = await load.stop();
  const { latenciesMs, byPromotion: _, ...result } = loaded;
  const wrong = misnamed(loaded, written);
  const misnamedAnswers = wrong.reduce((sum, { answers }) => sum + answers, 0);
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
        name: 'answers mixing versions, or by another than was promoted',
        measured: { value: result.mixed + misnamedAnswers, unit: '', what },
        against: { value: 0, unit: '', what: 'none' },
        goal: { of: 'measured', atMost: 0 },
      },
      {
        name: 'answers under an older promotion than one before them',
        measured: { value: result.wentBack, unit: '', what },
        against: { value: 0, unit: '', what: 'none' },
        goal: { of: 'measured', atMost: 0 },
      },
    ],
    details: {
      ...result,
      misnamed: misnamedAnswers,
      misnamedUnder: wrong.slice(0, 20),
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

/** The promotion that is in force before the first swap: its zxid and its version. */
async function promoted({ session }: Stand): Promise<[zxid: string, version: string]> {
  const node = await session.get(new ZnodePaths(ROOT).version('iris'));
  if (node === undefined) throw new Error('nothing is promoted');
  return [node.stat.mzxid, node.data.toString()];
}
