import { RequestDecoder } from '../../../src/inference/codec/decode-request';
import { X, Y, bodyOf, refusal, x } from './decode-scene';

describe('a bad request is refused with the field, what came and what was expected:', () => {
  const tensor = { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] };
  it.each<[string, unknown, string]>([
    ['no object', [], '$: got an array, expected a JSON object'],
    ['null', 'null', '$: got null, expected a JSON object'],
    ['an id of another type', { ...x([1, 2]), id: 5 }, 'id: got 5, expected text'],
    ['no inputs', {}, 'inputs: got nothing, expected an array of tensors'],
    ['inputs of another type', { inputs: {} }, 'inputs: got an object, expected an array of tensors'],
    ['no tensor', { inputs: [] }, 'inputs: no tensor named "x" came, expected "x" (FP32)'],
    ['a tensor that is none', { inputs: [3] }, 'inputs[0]: got 3, expected a tensor: an object'],
    ['a tensor without a name', { inputs: [{}] }, 'inputs[0].name: got nothing, expected text'],
    ['another name', { inputs: [{ ...tensor, name: 'z' }] }, 'inputs[0].name: got "z", expected "x" (FP32)'],
    ['a name twice', { inputs: [tensor, tensor] }, 'inputs[1].name: got "x" a second time'],
    [
      'no datatype',
      { inputs: [{ ...tensor, datatype: undefined }] },
      'inputs[0].datatype: got nothing, expected one of BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FP16, FP32, FP64, BYTES',
    ],
    [
      'an unknown datatype',
      { inputs: [{ ...tensor, datatype: 'toString' }] },
      'inputs[0].datatype: got "toString", expected one of',
    ],
    [
      'another datatype',
      { inputs: [{ ...tensor, datatype: 'FP64' }] },
      'inputs[0].datatype: got FP64, expected FP32',
    ],
    [
      'no shape',
      { inputs: [{ ...tensor, shape: undefined }] },
      'inputs[0].shape: got nothing, expected an array of the lengths of the dimensions',
    ],
    [
      'a negative dimension',
      x([1, 2], [-1, 2]),
      'inputs[0].shape[0]: got -1, expected an integer of 0 to 2147483647',
    ],
    [
      'a broken dimension',
      x([1, 2], [1.5, 2]),
      'inputs[0].shape[0]: got 1.5, expected an integer of 0 to 2147483647',
    ],
    [
      'a huge dimension',
      x([1, 2], [1e30, 2]),
      'inputs[0].shape[0]: got 1e+30, expected an integer of 0 to 2147483647',
    ],
    [
      'a dimension as text',
      x([1, 2], ['1', 2]),
      'inputs[0].shape[0]: got "1", expected an integer of 0 to 2147483647',
    ],
    [
      'too many dimensions',
      x([1], new Array(33).fill(1)),
      'inputs[0].shape: got 33 dimensions, expected 32 at the most',
    ],
    ['another rank', x([1, 2], [2]), 'inputs[0].shape: got [2], expected [-1,2] (-1: any length)'],
    [
      'another fixed dimension',
      x([1, 2, 3], [1, 3]),
      'inputs[0].shape: got [1,3], expected [-1,2] (-1: any length)',
    ],
    ['no data', x(undefined), 'inputs[0].data: got nothing, expected an array of FP32'],
    ['data that is no array', x('1,2'), 'inputs[0].data: got "1,2", expected an array of FP32'],
    ['too little data', x([1]), 'inputs[0].data: got 1 elements, expected 2, as shape [1,2] says'],
    ['too much data', x([1, 2, 3]), 'inputs[0].data: got 3 elements, expected 2, as shape [1,2] says'],
    [
      'more rows than said',
      x([
        [1, 2],
        [3, 4],
      ]),
      'inputs[0].data: got 2 elements, expected an array of 1, as shape [1,2] says',
    ],
    [
      'a row too long',
      x(
        [
          [1, 2],
          [3, 4, 5],
        ],
        [2, 2],
      ),
      'inputs[0].data[1]: got 3 elements, expected an array of 2, as shape [2,2] says',
    ],
    [
      'a row that is none',
      x([[1, 2], 3], [2, 2]),
      'inputs[0].data[1]: got 3, expected an array of 2, as shape [2,2] says',
    ],
    [
      'data nested too deeply',
      x([[[1], [2]]]),
      'inputs[0].data[0][0]: got an array, expected a number within the range of FP32, or "NaN", "Infinity" or "-Infinity"',
    ],
    [
      'flat data with an array in it',
      x([1, [2]]),
      'inputs[0].data[1]: got an array, expected a number within the range of FP32, or "NaN", "Infinity" or "-Infinity"',
    ],
    [
      'a shape that no data could fill',
      x([[1, 2]], [2_000_000_000, 2]),
      'inputs[0].data: got 2 elements, expected 4000000000, as shape [2000000000,2] says',
    ],
    ['null among the data', x([1, null]), 'inputs[0].data[1]: got null, expected a number'],
    ['a number as text', x([1, '2']), 'inputs[0].data[1]: got "2", expected a number'],
    [
      'an unknown output',
      { ...x([1, 2]), outputs: [{ name: 'r' }] },
      'outputs[0].name: got "r", expected one of "p", "q"',
    ],
    [
      'an output twice',
      { ...x([1, 2]), outputs: [{ name: 'p' }, { name: 'p' }] },
      'outputs[1].name: got "p" a second time',
    ],
    [
      'an output without a name',
      { ...x([1, 2]), outputs: [{}] },
      'outputs[0].name: got nothing, expected text',
    ],
    [
      'an output that is none',
      { ...x([1, 2]), outputs: ['p'] },
      'outputs[0]: got "p", expected an object with the name of an output',
    ],
    [
      'outputs that are no array',
      { ...x([1, 2]), outputs: 'p' },
      'outputs: got "p", expected an array of the outputs that are wanted',
    ],
    [
      'parameters that are no object',
      { ...x([1, 2]), parameters: [] },
      'parameters: got an array, expected an object',
    ],
    [
      'a parameter of another type',
      { ...x([1, 2]), parameters: { binary_data_output: 1 } },
      'parameters.binary_data_output: got 1, expected true or false',
    ],
    [
      'an extension that is not spoken',
      { ...x([1, 2]), outputs: [{ name: 'p', parameters: { classification: 3 } }] },
      'outputs[0].parameters.classification: this extension of the protocol is not supported',
    ],
    [
      'shared memory',
      { inputs: [{ ...tensor, parameters: { shared_memory_region: 'r' } }] },
      'inputs[0].parameters.shared_memory_region: this extension',
    ],
    [
      'binary data without its header',
      { inputs: [{ ...tensor, data: undefined, parameters: { binary_data_size: 8 } }] },
      'inputs[0].parameters.binary_data_size: got 8, but the header Inference-Header-Content-Length, which says where binary data begins, did not come',
    ],
  ])('%s', (_what, request, message) => {
    expect(refusal(request)).toContain(message);
  });

  it('a second input missing', () => {
    expect(refusal(x([1, 2]), [X, Y])).toBe(
      'inputs: no tensor named "y" came, expected "x" (FP32), "y" (INT64)',
    );
  });

  it('JSON that is none', () => {
    for (const text of ['', '{', '{"inputs":[}', 'nul', '{"a":01}', '{"a":NaN}', '\uFEFF{}']) {
      expect(refusal(text)).toMatch(/^the JSON cannot be parsed: /);
    }
  });

  it('bytes that are no UTF-8', () => {
    const { body } = bodyOf(x([1, 2]));
    body[2] = 0xff;
    expect(() => new RequestDecoder([X], ['p']).decode(body, -1)).toThrow('the JSON is not valid UTF-8');
  });

  it('arrays nested a hundred thousand deep, wherever they stand', () => {
    const bomb = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const around = (data: string, shape = '[1,2]', more = ''): string =>
      `{"inputs":[{"name":"x","shape":${shape},"datatype":"FP32","data":${data}}]${more}}`;
    expect(refusal(bomb)).toBe('$: got an array, expected a JSON object');
    expect(refusal(around(bomb))).toContain('inputs[0].data');
    expect(refusal(around(`[[1,${bomb}]]`))).toContain('inputs[0].data[0][1]: got an array');
    expect(refusal(around('[1,2]', bomb))).toContain('inputs[0].shape[0]: got an array');
    expect(refusal(around('[1,2]', '[1,2]', `,"id":${bomb}`))).toBe('id: got an array, expected text');
    // A number that only the careful parser reads, and the bomb for it.
    const long = `{"inputs":[{"name":"y","shape":[1],"datatype":"INT64","data":[9007199254740993]}],"x":${bomb}}`;
    expect(refusal(long, [Y])).toContain('the JSON cannot be parsed: ');
  });
});
