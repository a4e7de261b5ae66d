import { ModelThread } from '../../src/inference/model-thread';
import type { ModelThreadOptions } from '../../src/inference/model-thread-options';

/** Starts the worker thread of one version and waits until it is ready; rejects as `started` of it does. */
export async function startModelThread(options: ModelThreadOptions): Promise<ModelThread> {
  const thread = new ModelThread(options);
  await thread.started;
  return thread;
}
