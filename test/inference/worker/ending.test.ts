import { BodyPacker } from '../../../src/inference/worker/packed-bodies';
import { modelWith } from '../../support/handler-model';
import { ModelWorker } from '../../support/model-worker';
import { fixtures } from '../../support/repositories';
import { Scratch } from '../../support/scratch';

const row = { inputs: [{ name: 'input', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] };

describe('the worker of a version ends', () => {
  it('when asked, after it has answered what came before', async () => {
    await using worker = new ModelWorker(await fixtures.locate('identity_fp32', '1'));
    await worker.ready();
    const answered = Promise.all([worker.infer(row), worker.infer(row), worker.infer(row)]);
    worker.post({ type: 'end' });
    expect((await answered).map((answer) => answer.ok)).toEqual([true, true, true]);
    expect(await worker.exited).toBe(0);
  });

  it('when asked while it loads, between two phases and without a word', async () => {
    await using worker = new ModelWorker(await fixtures.locate('slow_to_load', '1'));
    worker.post({ type: 'end' });
    expect(await worker.exited).toBe(0);
    expect(worker.messages.filter(({ type }) => type !== 'phase')).toEqual([]);
    expect(worker.messages.length).toBeLessThan(3);
  });

  it('also when its handler.js has left a timer behind', async () => {
    await using scratch = await Scratch.create();
    const handler = 'setInterval(() => {}, 1000); export default {};';
    await using worker = new ModelWorker(await modelWith(scratch.path, 'identity_fp32', { handler }));
    await worker.ready();
    worker.post({ type: 'end' });
    expect(await worker.exited).toBe(0);
  });

  it.each([
    ['a timer', 'setImmediate(() => { throw new Error("escaped"); }); return outputs;'],
    ['a promise', 'void Promise.reject(new Error("escaped")); return outputs;'],
  ])('with an error when handler.js lets one escape from %s', async (_from, code) => {
    await using scratch = await Scratch.create();
    const handler = `export default { postprocess(outputs) { ${code} } };`;
    await using worker = new ModelWorker(await modelWith(scratch.path, 'identity_fp32', { handler }));
    await worker.ready();
    worker.infer(row).catch(() => undefined);
    await expect(worker.exited).rejects.toThrow('escaped');
  });
});

it('a batch whose answers cannot be made fails whole, and the worker goes on', async () => {
  await using worker = new ModelWorker(await fixtures.locate('identity_fp32', '1'));
  await worker.ready();
  // A request that says it lies beyond the bodies: only the event loop itself could send one.
  const packer = new BodyPacker(2, 4);
  packer.place(4, -1);
  packer.place(100, -1);
  const bodies = packer.buffer;
  worker.post({ type: 'batch', id: 77, maxRows: 1, bodies, params: [], logLevel: 'info' }, [bodies]);
  expect((await worker.infer(row)).ok).toBe(true);
  const failed = worker.messages.find((message) => message.type === 'answers' && message.id === 77);
  expect(failed).toMatchObject({
    failures: [
      { index: 0, code: 'BAD_INPUT' },
      { index: 1, code: 'INTERNAL' },
    ],
  });
});
