import { modelWith } from '../../support/handler-model';
import { ModelWorker, type Answer, type BatchOptions } from '../../support/model-worker';
import { fixtures } from '../../support/repositories';
import { Scratch } from '../../support/scratch';
import { pair, outputs } from './handler-scene';

describe('the params of handler.js', () => {
  it('are refused when they do not fit its schema: at the start, when asked, and for requests that cite them', async () => {
    await using worker = new ModelWorker(await fixtures.locate('handler_params', '1'));
    expect((await worker.ready()).paramsRefused).toEqual({
      path: '$',
      message: "must have required property 'scale'",
    });
    const { answers } = await worker.batch([pair(1, 2), pair(1, 2)], {
      params: [
        { epoch: 4, params: { scale: 3 } },
        { epoch: 0, params: {} },
      ],
      epochs: [0, 4],
    });
    expect(answers[0]).toEqual({
      ok: false,
      code: 'NOT_READY',
      message:
        "version 1 does not take the params of the config in force: $ must have required property 'scale'",
    });
    expect(outputs(answers[1]!)).toEqual({ output: [3, 6] });
    worker.post({ type: 'check-params', id: 1, epoch: 5, params: { scale: 'x' } });
    worker.post({ type: 'check-params', id: 2, epoch: 6, params: { scale: 1, factor: 2 } });
    worker.post({ type: 'check-params', id: 3, epoch: 7, params: { scale: 1 } });
    expect(await worker.infer(pair(1, 1), { params: [{ epoch: 0, params: { scale: 1 } }] })).toMatchObject({
      code: 'NOT_READY',
    });
    expect(worker.messages.filter(({ type }) => type === 'params-checked')).toEqual([
      { type: 'params-checked', id: 1, error: { path: '$.scale', message: 'must be number' } },
      { type: 'params-checked', id: 2, error: { path: '$.factor', message: 'is not one of the params' } },
      { type: 'params-checked', id: 3, error: undefined },
    ]);
  });

  it('are remembered by epoch, and looked up again when they were forgotten', async () => {
    await using worker = new ModelWorker(await fixtures.locate('handler_params', '1'));
    await worker.ready();
    const ask = async (epoch: number, params: { epoch: number; params: object }[]): Promise<Answer> =>
      await worker.infer(pair(1, 2), { epochs: [epoch], params: params as BatchOptions['params'] & object });
    const scaled = await ask(1, [{ epoch: 1, params: { scale: 2 } }]);
    expect(outputs(scaled)).toEqual({ output: [2, 4] });
    expect(outputs(await ask(1, []))).toEqual({ output: [2, 4] });
    for (let epoch = 2; epoch < 10; epoch++) await ask(epoch, [{ epoch, params: { scale: epoch } }]);
    expect(await ask(1, [])).toMatchObject({
      code: 'INTERNAL',
      message: 'params of epoch 1 did not come with the batch',
    });
    expect(outputs(await ask(9, []))).toEqual({ output: [9, 18] });
  });

  it('name what is wrong at its place', async () => {
    await using scratch = await Scratch.create();
    const handler = `export default { params: {
      type: 'object',
      properties: {
        mode: { enum: ['a', 'b'] },
        'odd/name~': { type: 'array', items: { type: 'number', minimum: 0 } },
      },
    } };`;
    await using worker = new ModelWorker(await modelWith(scratch.path, 'identity_fp32', { handler }), {
      params: { epoch: 0, params: { mode: 'c' } },
    });
    expect((await worker.ready()).paramsRefused).toEqual({
      path: '$.mode',
      message: 'must be one of ["a","b"]',
    });
    worker.post({ type: 'check-params', id: 1, epoch: 1, params: { 'odd/name~': [0, -1] } });
    await worker.infer(pair(1, 1), { params: [{ epoch: 0, params: {} }] });
    expect(worker.messages.find(({ type }) => type === 'params-checked')).toMatchObject({
      error: { path: '$.odd/name~[1]', message: 'must be >= 0' },
    });
  });

  it('may be anything for a model without handler.js, and for a handler without a schema', async () => {
    const params = { epoch: 0, params: { what: 'ever' } };
    await using plain = new ModelWorker(await fixtures.locate('identity_fp32', '1'), { params });
    expect((await plain.ready()).paramsRefused).toBeUndefined();
    await using free = new ModelWorker(await fixtures.locate('handler_text', '1'), { params });
    expect((await free.ready()).paramsRefused).toBeUndefined();
  });
});

describe('the log of handler.js', () => {
  const handler = `export default { postprocess(outputs, inputs, { log }) {
    log.debug('quiet');
    log.info('heard', { rows: 1, nested: { a: [1] } });
    log.warn(new Error('broken'), 'no object');
    log.error('odd', { big: 10n, cycle: globalThis });
    log.fatal({ message: 'an object' });
    return outputs;
  } };`;

  it('reaches the event loop as lines, at the level of the batch and above', async () => {
    await using scratch = await Scratch.create();
    await using worker = new ModelWorker(await modelWith(scratch.path, 'identity_fp32', { handler }));
    await worker.infer(pair(1, 2), { logLevel: 'info' });
    const lines = worker.messages.filter((message) => message.type === 'log');
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'heard'],
      ['warn', 'broken'],
      ['error', 'odd'],
      ['fatal', 'an object'],
    ]);
    expect(lines[0]?.fields).toEqual({ rows: 1, nested: { a: [1] } });
    expect(lines[1]?.fields).toEqual({ fields: '"no object"' });
    expect(lines[2]?.fields).toEqual({
      fields: expect.stringContaining('cannot be written as JSON') as string,
    });
    await worker.infer(pair(1, 2), { logLevel: 'silent' });
    expect(worker.messages.filter((message) => message.type === 'log')).toHaveLength(4);
    await worker.infer(pair(1, 2), { logLevel: 'trace' });
    expect(worker.messages.filter((message) => message.type === 'log')).toHaveLength(9);
  });
});
