import { pause } from '../clock';
import type { Measurement } from '../figure';
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
const SAMPLES = 15;
const SAMPLE_EVERY_MS = 100;
/** For the version that was replaced to be gone. */
const SETTLE_MS = 1000;

/** Memory of the server after many swaps that each load a 20 MB model, against that after ten. */
export async function memory(stand: Stand, scale: Scale): Promise<Measurement> {
  await stand.addPerceptron('medium', WIDTHS);
  await stand.configure(ROOT, 'medium', { residency: { keepPrevious: 0 } });
  await using replica = await stand.startReplica(ROOT, { medium: '1' });
  const requests = someRows(1, [1, WIDTHS[0]]).map((rows) => jsonRequest('medium', rows));
  const load = new FirstAnswer(await openConnections(replica.url, 1), requests);
  const megabytesAfter: Record<number, number> = {};
  for (let swaps = 1; swaps <= scale.memorySwaps; swaps += 1) {
    const zxid = await stand.promote(ROOT, 'medium', swaps % 2 === 0 ? '1' : '2');
    await load.under(zxid);
    if (swaps === FEW_SWAPS || swaps === scale.memorySwaps || swaps % 100 === 0) {
      megabytesAfter[swaps] = await settledMegabytes(replica);
    }
  }
  await load.stop();
  return {
    figures: [
      {
        name: `memory after ${scale.memorySwaps} swaps of a 20 MB model`,
        measured: { value: megabytesAfter[scale.memorySwaps] ?? NaN, unit: 'MB', what: 'ZooServe' },
        against: { value: megabytesAfter[FEW_SWAPS] ?? NaN, unit: 'MB', what: `after ${FEW_SWAPS}` },
        goal: { of: 'ratio', atMost: 1.05 },
      },
    ],
    details: { megabytesAfter },
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
