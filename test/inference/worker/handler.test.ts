import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelWith } from '../../support/handler-model';
import { ModelWorker, type Answer, type BatchOptions, type RequestBody } from '../../support/model-worker';
import { fixtures, samples } from '../../support/repositories';
import { Scratch } from '../../support/scratch';

const pair = (...data: unknown[]): object => ({
  inputs: [{ name: 'input', shape: [1, 2], datatype: 'FP32', data }],
});

function outputs(answer: Answer): Readonly<Record<string, unknown>> {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return Object.fromEntries(answer.json.outputs.map(({ name, data }) => [name, data]));
}

/** What a model of `input` FP32 [N,M] with that handler answers. */
async function answered(
  handler: string,
  bodies: readonly RequestBody[],
  options?: BatchOptions & { readonly settings?: object; readonly fixture?: string },
): Promise<readonly Answer[]> {
  await using scratch = await Scratch.create();
  const { settings, fixture = 'identity_fp32' } = options ?? {};
  const files = await modelWith(scratch.path, fixture, { handler, ...(settings && { settings }) });
  await using worker = new ModelWorker(files);
  await worker.ready();
  return (await worker.batch(bodies, options)).answers;
}

async function oneAnswer(handler: string, body: RequestBody = pair(1, 2)): Promise<Answer> {
  return (await answered(handler, [body]))[0]!;
}

describe('handler.js', () => {
  it('of iris names the class, or says unsure below the threshold of the params', async () => {
    await using worker = new ModelWorker(await samples.locate('iris', '2'));
    const { hasHandler, paramsRefused } = await worker.ready();
    expect({ hasHandler, paramsRefused }).toEqual({ hasHandler: true, paramsRefused: undefined });
    const flower = {
      inputs: [{ name: 'input', shape: [1, 4], datatype: 'FP32', data: [6.3, 2.7, 4.9, 1.8] }],
    };
    const { answers, rows } = await worker.batch(
      [
        flower,
        flower,
        { ...flower, outputs: [{ name: 'label_name' }] },
        { ...flower, outputs: [{ name: 'no' }] },
      ],
      {
        params: [
          { epoch: 1, params: {} },
          { epoch: 2, params: { threshold: 0.8 } },
        ],
        epochs: [1, 2, 1, 1],
      },
    );
    expect(rows).toEqual([4]);
    expect(answers.slice(0, 3).map((answer) => outputs(answer)['label_name'])).toEqual([
      ['virginica'],
      ['unsure'],
      ['virginica'],
    ]);
    expect(Object.keys(outputs(answers[2]!))).toEqual(['label_name']);
    expect(answers[3]).toEqual({
      ok: false,
      code: 'BAD_INPUT',
      message: 'outputs[0].name: got "no", expected one of "label", "probabilities", "label_name"',
    });
  });

  it('is left out when handlers are off', async () => {
    await using worker = new ModelWorker(await samples.locate('iris', '2'), { handlers: false });
    expect((await worker.ready()).hasHandler).toBe(false);
    await using garbage = new ModelWorker(await fixtures.locate('handler_garbage', '2'), { handlers: false });
    await garbage.ready();
  });

  it('makes the model input of other tensors, each request by itself, and fails by itself', async () => {
    await using worker = new ModelWorker(await fixtures.locate('handler_text', '1'));
    const text = (...data: string[]): object => ({
      inputs: [{ name: 'text', shape: [data.length], datatype: 'BYTES', data }],
    });
    const { answers, rows } = await worker.batch([text('1,2,3,4', '5,6,7,8'), text('1,2'), text('9,9,9,9')]);
    expect(rows).toEqual([3]);
    expect(outputs(answers[0]!)['output']).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(answers[1]).toEqual({
      ok: false,
      code: 'INTERNAL',
      message: 'preprocess of handler.js: expected 4 numbers separated by commas, not "1,2"',
    });
    expect(outputs(answers[2]!)['output']).toEqual([9, 9, 9, 9]);
  });

  it('that throws in postprocess fails that request alone', async () => {
    await using worker = new ModelWorker(await fixtures.locate('handler_throws', '1'));
    const { answers } = await worker.batch([pair(1, 2), pair(-1, 2), pair(3, 4)]);
    expect(answers.map((answer) => answer.ok)).toEqual([true, false, true]);
    expect(answers[1]).toEqual({
      ok: false,
      code: 'INTERNAL',
      message: 'postprocess of handler.js: a value is negative',
    });
  });

  it('says that the request is at fault by the code of what it throws', async () => {
    const answer = await oneAnswer(
      "export default { preprocess() { throw Object.assign(new Error('text is empty'), { code: 'BAD_INPUT' }); } };",
    );
    expect(answer).toEqual({ ok: false, code: 'BAD_INPUT', message: 'text is empty' });
  });

  it('may be asynchronous, keeps its `this`, and may throw anything', async () => {
    const asynchronous = await oneAnswer(`
      import { setTimeout } from 'node:timers/promises';
      export default {
        async preprocess(inputs) { await setTimeout(1); return inputs; },
        async postprocess(outputs, inputs) {
          const { data, ...rest } = outputs.output;
          return { twice: { ...rest, data: data.map((x) => 2 * x) }, given: inputs.input };
        },
      };`);
    expect(outputs(asynchronous)).toEqual({ twice: [2, 4], given: [1, 2] });
    const ofThis = await oneAnswer(
      'export default { params: { const: {} }, postprocess(outputs) { return this.params.const ? outputs : null; } };',
    );
    expect(outputs(ofThis)).toEqual({ output: [1, 2] });
    expect(await oneAnswer("export default { postprocess() { throw 'text'; } };")).toMatchObject({
      code: 'INTERNAL',
      message: 'postprocess of handler.js: text',
    });
    expect(
      await oneAnswer('export default { preprocess() { return Promise.reject(null); } };'),
    ).toMatchObject({
      message: 'preprocess of handler.js: null',
    });
  });

  it('gets params, labels, model and version, all frozen', async () => {
    const [answer] = await answered(
      `export default {
        params: { type: 'object', properties: { a: { type: 'object', default: { b: 1 } } } },
        postprocess(outputs, inputs, context) {
          const tries = [() => { context.model = ''; }, () => { context.params.a.b = 2; }, () => { context.labels.push(''); }];
          const refused = tries.filter((attempt) => { try { attempt(); return false; } catch { return true; } }).length;
          const { params, labels, model, version } = context;
          const text = [JSON.stringify(params), labels.join(), model, version, String(refused)];
          return { text: { datatype: 'BYTES', shape: [5], data: text } };
        },
      };`,
      [pair(1, 2)],
      { settings: { labels: ['x', 'y'] } },
    );
    expect(outputs(answer!)).toEqual({ text: ['{"a":{"b":1}}', 'x,y', 'identity_fp32', '1', '3'] });
  });

  it('sees FP16 as numbers and may give them back so', async () => {
    const halves = { inputs: [{ name: 'input', shape: [1, 3], datatype: 'FP16', data: [0.5, 'NaN', -2] }] };
    const handler = `export default {
      preprocess: ({ input }) => ({ input: { ...input, data: input.data.map((x) => x * 2) } }),
      postprocess: ({ output }) => ({ typed: output, plain: { ...output, data: [...output.data] } }),
    };`;
    const [answer] = await answered(handler, [halves], { fixture: 'identity_fp16' });
    expect(outputs(answer!)).toEqual({ typed: [1, 'NaN', -4], plain: [1, 'NaN', -4] });
  });

  it('may give plain arrays, nested or flat, of what the datatype takes', async () => {
    const answer = await oneAnswer(`export default { postprocess: () => ({
      nested: { datatype: 'FP32', shape: [2, 1], data: [[NaN], [-Infinity]] },
      long: { datatype: 'INT64', shape: [2], data: [1, 2n ** 62n] },
      flag: { datatype: 'BOOL', shape: [2], data: [true, false] },
      bytes: { datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) },
      none: { datatype: 'UINT8', shape: [0], data: [] },
      one: { datatype: 'FP64', shape: [], data: 4.5 },
    }) };`);
    if (!answer.ok) throw new Error(answer.message);
    expect(answer.text).toContain(`"shape":[2],"data":[1,${2n ** 62n}]`);
    expect(outputs(answer)).toMatchObject({
      nested: ['NaN', '-Infinity'],
      flag: [true, false],
      bytes: [true, false],
      none: [],
      one: [4.5],
    });
  });

  it.each([
    ['nothing', 'undefined', 'it: returned nothing, expected an object of tensors by name'],
    ['an array', '[]', 'it: returned an array, expected an object of tensors by name'],
    ['no tensor', '({ a: 5 })', 'tensor "a", itself: got 5, expected {datatype, shape, data}'],
    ['no datatype', '({ a: {} })', 'tensor "a", datatype: got nothing, expected one of BOOL'],
    ['no shape', "({ a: { datatype: 'FP32' } })", 'tensor "a", shape: got nothing, expected an array'],
    [
      'no data',
      "({ a: { datatype: 'FP32', shape: [1] } })",
      'tensor "a", data: got nothing, expected an array of FP32',
    ],
    [
      'text',
      "({ a: { datatype: 'INT64', shape: [1], data: ['1'] } })",
      'tensor "a", data[0]: got "1", expected an integer',
    ],
    [
      'a function',
      "({ a: { datatype: 'INT8', shape: [1], data: [() => 1] } })",
      'tensor "a", data[0]: got a function, expected an integer',
    ],
    [
      'another array kind',
      "({ a: { datatype: 'INT64', shape: [1], data: Int32Array.of(1) } })",
      'tensor "a", data: got a Int32Array, expected a BigInt64Array',
    ],
    [
      'bytes for text',
      "({ a: { datatype: 'BYTES', shape: [1], data: Uint8Array.of(1) } })",
      'tensor "a", data: got a Uint8Array, expected an array of text',
    ],
    [
      'shared memory',
      "({ a: { datatype: 'UINT8', shape: [1], data: new Uint8Array(new SharedArrayBuffer(1)) } })",
      'tensor "a", data: got a Uint8Array over shared memory',
    ],
    [
      'too little',
      "({ a: { datatype: 'FP32', shape: [2], data: Float32Array.of(1) } })",
      'tensor "a", data: got 1 elements, expected the 2 that its shape says',
    ],
  ])('that returns %s fails the request and says how', async (_what, value, message) => {
    const answer = await oneAnswer(`export default { postprocess: () => (${value}) };`);
    expect(answer).toMatchObject({ ok: false, code: 'INTERNAL' });
    expect(answer).toHaveProperty(
      'message',
      expect.stringContaining(`postprocess of handler.js: ${message}`),
    );
  });

  it.each([
    ['lacks an input', '({})', 'tensor "input": is missing'],
    ['has one too many', '({ ...inputs, extra: inputs.input })', 'tensor "extra": is no input of the model'],
    [
      'has another datatype',
      "({ input: { datatype: 'FP64', shape: [1, 2], data: [1, 2] } })",
      'tensor "input", datatype: got FP64, expected FP32',
    ],
    [
      'has another rank',
      "({ input: { datatype: 'FP32', shape: [2], data: [1, 2] } })",
      'tensor "input", shape: got [2], expected [-1,-1] (-1: any length)',
    ],
  ])('whose preprocess %s fails the request and says how', async (_what, value, message) => {
    const answer = await oneAnswer(`export default { preprocess: (inputs) => (${value}) };`);
    expect(answer).toEqual({ ok: false, code: 'INTERNAL', message: `preprocess of handler.js: ${message}` });
  });

  it.each([
    [
      'handler_garbage',
      '1',
      'handler.js exports 42 as default, expected an object with any of params, preprocess, postprocess',
    ],
    ['handler_garbage', '2', 'handler.js does not load: Unexpected end of input'],
    ['handler_garbage', '3', 'handler.js: params is no JSON Schema: '],
    ['handler_garbage', '4', 'handler.js exports "softmax" as default.postprocess, expected a function'],
    ['handler_throws', '2', 'handler.js does not load: this handler does not load'],
  ])('%s %s is refused with the version', async (model, version, message) => {
    await using worker = new ModelWorker(await fixtures.locate(model, version));
    const failed = await worker.failed();
    expect(failed).toMatchObject({ code: 'BAD_MODEL', retryable: false });
    expect(failed.message).toContain(message);
  });

  it.each([
    ['no default export', 'export const a = 1;', 'handler.js exports nothing as default'],
    [
      'a misspelt key',
      'export default { postProcess() {} };',
      'handler.js exports default.postProcess, expected none but params, preprocess, postprocess',
    ],
    [
      'a neighbour imported',
      "import './other.js'; export default {};",
      'handler.js does not load: it imports ./other.js; it must be one file',
    ],
    ['a package imported', "import 'ajv'; export default {};", 'it imports ajv; it must be one file'],
    ['CommonJS', 'module.exports = {};', 'module is not defined in ES module scope'],
    [
      'params of another type',
      'export default { params: [] };',
      'handler.js: params is an array, expected a JSON Schema',
    ],
    [
      'an unknown keyword',
      'export default { params: { minimun: 1 } };',
      'strict mode: unknown keyword: "minimun"',
    ],
  ])('with %s is refused', async (_what, handler, message) => {
    await using scratch = await Scratch.create();
    await using worker = new ModelWorker(await modelWith(scratch.path, 'identity_fp32', { handler }));
    expect((await worker.failed()).message).toContain(message);
  });

  it.each(['commonjs', 'module'])('is an ES module also below a package.json of type %s', async (type) => {
    await using scratch = await Scratch.create();
    await mkdir(join(scratch.path, 'identity_fp32'));
    await writeFile(join(scratch.path, 'package.json'), JSON.stringify({ type }));
    const handler = 'export default { postprocess: (outputs) => outputs };';
    await using worker = new ModelWorker(await modelWith(scratch.path, 'identity_fp32', { handler }));
    await worker.ready();
  });
});

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
