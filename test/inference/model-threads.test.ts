import pino from 'pino';
import { DEFAULT_CONFIG } from '../../src/handler-config';
import { MemoryBudget } from '../../src/inference/memory-budget';
import { requireSame, startModelThreads } from '../../src/inference/model-threads';
import { ModelWorker } from '../support/model-worker';
import { samples } from '../support/repositories';

const log = pino({ level: 'silent' });

test('workers that did not read the same file do not serve together', async () => {
  const files = await samples.locate('iris', '1');
  await using worker = new ModelWorker(files);
  const ready = await worker.ready();
  requireSame([ready, { ...ready, ms: { fetch: 1, load: 2, warm: 3 } }], files);
  expect(() => {
    requireSame([ready, { ...ready, sha256: 'f'.repeat(64) }], files);
  }).toThrow('the workers of model iris version 1 did not read the same files: were they changed meanwhile?');
});

test('when a thread cannot be started those before it are ended, and the memory is given back', async () => {
  const files = await samples.locate('iris', '1');
  const budget = new MemoryBudget({ log });
  const memory = await budget.reserve({ model: 'iris', version: '1', fileBytes: 1, workers: 3 });
  let started = 0;
  const data = {
    files,
    session: DEFAULT_CONFIG.session,
    handlers: true,
    // What no thread can be given stands for one that the system does not give.
    get params() {
      started += 1;
      return { epoch: 0, params: started < 3 ? {} : { stray: () => undefined } };
    },
  };
  await expect(startModelThreads(memory, { data, log })).rejects.toMatchObject({
    code: 'MEMORY_REFUSED',
    retryable: true,
    message: expect.stringMatching(/^no thread could be started: .*could not be cloned/) as string,
  });
  expect(budget.usage).toEqual([]);
});
