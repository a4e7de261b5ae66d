import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelWith } from '../../support/handler-model';
import { ModelWorker } from '../../support/model-worker';
import { fixtures } from '../../support/repositories';
import { Scratch } from '../../support/scratch';
import { oneAnswer } from './handler-scene';

describe('handler.js', () => {
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
