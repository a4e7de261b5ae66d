import { now, pause } from '../clock';
import { FirstAnswer } from '../load/first-answer';
import { openConnections } from '../load/http-connection';
import { binaryRequest } from '../load/infer-request';
import { median } from '../percentile';
import { someRows } from '../some-rows';
import type { ServerProcess } from '../stand/server-process';
import type { Stand } from '../stand/stand';
import { compare, each, type Knobs, type Measured } from './compare';

/** 20 MB. */
const WIDTHS = [1024, 2048, 1024, 512] as const;
const ROLLBACKS = 5;
const BETWEEN_MS = 20;
/**
 * Room for both models' versions that serve and one beside them that loads, not for the two that they replaced
 * (docs/operations.md, "A memory budget": 42 MiB each, 74 MiB while it loads).
 */
const BUDGET = '180MiB';

/** How long it takes to go back to the version before: kept, not kept, and kept as long as a budget allows. */
export async function residency({ stand, rounds }: Knobs): Promise<void> {
  const kept = { 'keepPrevious 1': 'kept', 'keepPrevious 0': 'not-kept' } as const;
  const pair = ['left', 'right'] as const;
  for (const model of [...Object.values(kept), ...pair]) await stand.addPerceptron(model, WIDTHS);
  await stand.configure('/kept', 'not-kept', { residency: { keepPrevious: 0 } });
  {
    await using replica = await stand.startReplica('/kept', { kept: '1', 'not-kept': '1' });
    await compare(
      rounds,
      'back to the version before, 20 MB',
      each(kept, (model) => back(stand, replica, '/kept', [model])),
    );
  }
  const promoted = { left: '1', right: '1' };
  await using ample = await stand.startReplica('/ample', promoted);
  await using tight = await stand.startReplica('/tight', promoted, ['--memory-budget', BUDGET]);
  await compare(
    rounds,
    'the same, two models in turn',
    each(
      { 'no --memory-budget': [ample, '/ample'], [`--memory-budget ${BUDGET}`]: [tight, '/tight'] } as const,
      ([replica, root]) => back(stand, replica, root, pair),
    ),
  );
}

/** Each of `models` in turn to its other version, from the write to the first answer by it. */
async function back(
  stand: Stand,
  replica: ServerProcess,
  root: string,
  models: readonly string[],
): Promise<Measured> {
  const loads = new Map<string, FirstAnswer>();
  for (const model of models) {
    const requests = someRows(4, [1, WIDTHS[0]]).map((rows) => binaryRequest(model, rows));
    loads.set(model, new FirstAnswer(await openConnections(replica.url, 1), requests));
  }
  const took: number[] = [];
  for (let n = 0; n < ROLLBACKS; n += 1) {
    for (const version of ['2', '1']) {
      for (const [model, load] of loads) {
        const began = now();
        const zxid = await stand.promote(root, model, version);
        took.push((await load.under(zxid)) - began);
        await pause(BETWEEN_MS);
      }
    }
  }
  for (const load of loads.values()) await load.stop();
  return { 'median ms': median(took) };
}
