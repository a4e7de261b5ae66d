import { pause } from '../clock';
import type { Measurement } from '../figure';
import { closedLoop } from '../load/closed-loop';
import { FirstAnswer } from '../load/first-answer';
import { openConnections } from '../load/http-connection';
import { jsonRequest } from '../load/infer-request';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import type { ServerProcess } from '../stand/server-process';
import type { Stand } from '../stand/stand';

/** 20 MB of weights, which a request need not read all of twice: the last layers are small. */
const WIDTHS = [64, 4096, 1152, 10] as const;
const ROOT = '/memory';
const FEW_SWAPS = 10;
/** V8's heap is larger after one swap and smaller after the next: so many of them on end are looked at. */
const LOOKS = 7;
const SAMPLES = 20;
const SAMPLE_EVERY_MS = 100;
/** For the version that was replaced to be gone. */
const SETTLE_MS = 1000;
/** Longer than elsewhere: a heap grows more slowly than code is compiled. */
const WARM_UPS = 5;
/**
 * Under them V8's young generation has grown to its bound, 33 MB, within the warm-up. With one client alone that takes
 * hundreds of swaps, and would count as if they had made it.
 */
const WARM_UP_CONNECTIONS = 32;

/** Memory of the server after many swaps that each load a 20 MB model, against that after ten. */
export async function memory(stand: Stand, scale: Scale): Promise<Measurement> {
  await stand.addPerceptron('medium', WIDTHS);
  await stand.configure(ROOT, 'medium', { residency: { keepPrevious: 0 } });
  await using replica = await stand.startReplica(ROOT, { medium: '1' });
  const requests = someRows(1, [1, WIDTHS[0]]).map((rows) => jsonRequest('medium', rows));
  // The memory that load takes is there before the first swap.
  const many = await openConnections(replica.url, WARM_UP_CONNECTIONS);
  await closedLoop({ connections: many, requests, durationMs: WARM_UPS * scale.warmUpMs });
  for (const connection of many) connection.close();
  const load = new FirstAnswer(await openConnections(replica.url, 1), requests);
  const megabytesAfter: Record<number, number> = {};
  const heapAfter: Record<number, HeapMegabytes> = {};
  const last = scale.memorySwaps + LOOKS - 1;
  for (let swaps = 1; swaps <= last; swaps += 1) {
    const zxid = await stand.promote(ROOT, 'medium', swaps % 2 === 0 ? '1' : '2');
    await load.under(zxid);
    const early = swaps >= FEW_SWAPS && swaps < FEW_SWAPS + LOOKS;
    if (early || swaps >= scale.memorySwaps || swaps % 100 === 0) {
      megabytesAfter[swaps] = await settledMegabytes(replica);
      heapAfter[swaps] = await heapMegabytes(replica);
    }
  }
  await load.stop();
  const from = (first: number): number =>
    median(Array.from({ length: LOOKS }, (_, i) => megabytesAfter[first + i] ?? NaN));
  return {
    figures: [
      {
        name: `memory after ${scale.memorySwaps} swaps of a 20 MB model`,
        measured: {
          value: from(scale.memorySwaps),
          unit: 'MB',
          what: `ZooServe, median after ${LOOKS} swaps`,
        },
        against: { value: from(FEW_SWAPS), unit: 'MB', what: `the same after ${FEW_SWAPS}` },
        goal: { of: 'ratio', atMost: 1.05 },
      },
    ],
    details: { megabytesAfter, heapMegabytesAfter: heapAfter },
  };
}

async function settledMegabytes(replica: ServerProcess): Promise<number> {
  await pause(SETTLE_MS);
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    samples.push(replica.residentBytes / 1e6);
    await pause(SAMPLE_EVERY_MS);
  }
  return median(samples);
}

/** What V8 has of the system for the event loop's objects. */
interface HeapMegabytes {
  readonly young: number;
  readonly old: number;
}

async function heapMegabytes({ url }: ServerProcess): Promise<HeapMegabytes> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const space = (name: string): number =>
    Number(
      new RegExp(`^nodejs_heap_space_size_total_bytes{space="${name}"[^}]*} (\\S+)$`, 'm').exec(metrics)?.[1],
    ) / 1e6;
  return { young: space('new'), old: space('old') };
}
