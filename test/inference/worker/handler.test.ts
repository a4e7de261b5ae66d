import { ModelWorker } from '../../support/model-worker';
import { fixtures, samples } from '../../support/repositories';
import { pair, outputs, answered, oneAnswer } from './handler-scene';

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
});
