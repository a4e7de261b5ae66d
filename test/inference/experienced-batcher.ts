import { Admission } from '../../src/inference/admission';
import type { AdmittedRequest } from '../../src/inference/admitted-request';
import type { ConfigInForce } from '../../src/inference/config-in-force';
import { BatcherScene, turn } from './batcher-scene';
import { inForce } from './requests';

/** What batches take before anything else is asked. */
const BATCH_MS = 10;
export const two = inForce({ batching: { maxRows: 2 } });

/** A scene in which batches are known to take {@link BATCH_MS}. */
export async function experienced(
  admission = new Admission('iris'),
  options: { workers?: number; batchable?: boolean } = {},
  batchMs = BATCH_MS,
): Promise<BatcherScene> {
  const scene = new BatcherScene(admission, options);
  for (let n = 0; n < 5; n += 1) {
    scene.add('past', two);
    await turn();
    await jest.advanceTimersByTimeAsync(batchMs);
    await scene.answer();
  }
  scene.batches.length = 0;
  return scene;
}

export function addAll(
  scene: BatcherScene,
  bodies: readonly number[],
  terms: ConfigInForce = two,
): AdmittedRequest[] {
  return bodies.map((body) => scene.add(body, terms));
}
