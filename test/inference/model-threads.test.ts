import type { Worker } from 'node:worker_threads';
import pino from 'pino';
import { DEFAULT_CONFIG } from '../../src/handler-config';
import { MemoryBudget } from '../../src/inference/memory-budget';
import { requireSame, startModelThreads } from '../../src/inference/model-threads';
import { SpareWorkers } from '../../src/inference/spare-workers';
import { ModelWorker } from '../support/model-worker';
import { samples } from '../support/repositories';

const log = pino({ level: 'silent' });

test('workers that did not read the same file do not serve together', async () => {
  const files = await samples.locate('iris', '1');
  await using worker = new ModelWorker(files);
  const ready = await worker.ready();
  requireSame([ready, { ...ready, ms: { fetch: 1, load: 2, warm: 3 } }], files);
  const other = { ...ready, beside: { ...ready.beside, 'handler.js': 'f'.repeat(64) } };
  expect(() => {
    requireSame([ready, other], files);
  }).toThrow('did not read the same files');
  expect(() => {
    requireSame([ready, { ...ready, sha256: 'f'.repeat(64) }], files);
  }).toThrow('the workers of model iris version 1 did not read the same files: were they changed meanwhile?');
});

test('when a thread cannot be started those before it are ended, and the memory is given back', async () => {
  const files = await samples.locate('iris', '1');
  const budget = new MemoryBudget({ log });
  const memory = await budget.reserve({ model: 'iris', version: '1', fileBytes: 1, workers: 3 });
  const data = {
    files,
    session: DEFAULT_CONFIG.session,
    handlers: true,
    params: { epoch: 0, params: {} },
  };
  await expect(startModelThreads(memory, { data, log, spares: new TwoThreads() })).rejects.toMatchObject({
    code: 'MEMORY_REFUSED',
    retryable: true,
    message: 'no thread could be started: Worker initialization failure: EAGAIN',
  });
  expect(budget.usage).toEqual([]);
});

/** A system that gives two threads. */
class TwoThreads extends SpareWorkers {
  #left = 2;

  constructor() {
    super(0);
  }

  override take(): Worker {
    this.#left -= 1;
    if (this.#left < 0) throw new Error('Worker initialization failure: EAGAIN');
    return super.take();
  }
}
