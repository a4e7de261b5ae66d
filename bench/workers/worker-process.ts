import { BatchAnswerer } from '../../src/inference/worker/answer-batch';
import { loadModel } from '../../src/inference/worker/load-model';
import type { FromWorker, ToWorker, WorkerData } from '../../src/inference/worker/protocol';

/** What src/inference/worker/model-worker.ts does in a thread, in a process: as much of it as is measured. */
async function run(): Promise<void> {
  let answerer: BatchAnswerer | undefined;
  process.on('message', (message: ToWorker) => {
    if (message.type === 'load') void load(message.data).then((loaded) => (answerer = loaded));
    else if (message.type === 'batch') void answerer?.answer(message).then(post);
  });
  // Its parent is gone.
  await new Promise((resolve) => process.once('disconnect', resolve));
}

async function load(data: WorkerData): Promise<BatchAnswerer> {
  const loaded = await loadModel(data, () => Promise.resolve());
  const { signature, sha256, beside, bytes, ms } = loaded;
  post({ type: 'ready', signature, sha256, beside, bytes, ms, hasHandler: loaded.handler !== undefined });
  return new BatchAnswerer(loaded, post);
}

function post(message: FromWorker): void {
  process.send?.(message);
}

void run();
