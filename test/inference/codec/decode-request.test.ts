import { RequestError } from '../../../src/errors';
import { RequestDecoder, type DecodedRequest } from '../../../src/inference/codec/decode-request';
import type { Datatype } from '../../../src/inference/datatype';
import type { TensorSignature } from '../../../src/inference/signature';

const input = (name: string, datatype: Datatype, shape: readonly number[]): TensorSignature => ({
  name,
  datatype,
  shape,
});

const X = input('x', 'FP32', [-1, 2]);
const Y = input('y', 'INT64', [-1]);

function bodyOf(request: unknown, tail?: Uint8Array): { body: Buffer<ArrayBuffer>; jsonLength: number } {
  const json = Buffer.from(typeof request === 'string' ? request : JSON.stringify(request));
  return tail === undefined
    ? { body: Buffer.from(json), jsonLength: -1 }
    : { body: Buffer.concat([json, tail]), jsonLength: json.length };
}

function decode(
  request: unknown,
  { inputs, tail }: { inputs?: readonly TensorSignature[] | undefined; tail?: Uint8Array } = { inputs: [X] },
): DecodedRequest {
  const { body, jsonLength } = bodyOf(request, tail);
  return new RequestDecoder(inputs, ['p', 'q']).decode(body, jsonLength);
}

function refusal(request: unknown, inputs: readonly TensorSignature[] = [X], tail?: Uint8Array): string {
  try {
    decode(request, { inputs, ...(tail && { tail }) });
  } catch (error) {
    if (error instanceof RequestError && error.code === 'BAD_INPUT') return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

const x = (data: unknown, shape: unknown = [1, 2]): object => ({
  inputs: [{ name: 'x', shape, datatype: 'FP32', data }],
});

const data = (request: unknown, inputs: readonly TensorSignature[]): unknown[] =>
  Array.from([...decode(request, { inputs }).inputs.values()][0]!.data as ArrayLike<unknown>);

describe('a request', () => {
  it('has its tensors in the order of the model, whatever order they came in', () => {
    const request = {
      inputs: [
        { name: 'y', shape: [1], datatype: 'INT64', data: [7] },
        { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2], parameters: { note: 'ignored' } },
      ],
      later: 'members of the protocol that are not known are ignored',
    };
    const { inputs, id, outputs, binaryOutputs } = decode(request, { inputs: [X, Y] });
    expect([...inputs.keys()]).toEqual(['x', 'y']);
    expect({ id, outputs, binaryOutputs }).toEqual({
      id: undefined,
      outputs: undefined,
      binaryOutputs: false,
    });
  });

  it('takes data nested as the shape is, or flat', () => {
    expect(data(x([1, 2, 3, 4], [2, 2]), [X])).toEqual([1, 2, 3, 4]);
    expect(
      data(
        x(
          [
            [1, 2],
            [3, 4],
          ],
          [2, 2],
        ),
        [X],
      ),
    ).toEqual([1, 2, 3, 4]);
    const deep = input('x', 'FP32', [-1, -1, -1]);
    expect(
      data(
        x(
          [
            [[1], [2]],
            [[3], [4]],
          ],
          [2, 2, 1],
        ),
        [deep],
      ),
    ).toEqual([1, 2, 3, 4]);
    expect(data(x([[[], []]], [1, 2, 0]), [deep])).toEqual([]);
    expect(data(x([], [0, 2, 3]), [deep])).toEqual([]);
  });

  it('may ask for outputs, binary or not', () => {
    expect(decode({ ...x([1, 2]), id: 'i', outputs: [{ name: 'q' }] })).toMatchObject({
      id: 'i',
      outputs: [{ name: 'q', binary: false }],
    });
    const parameters = { binary_data_output: true };
    expect(
      decode({
        ...x([1, 2]),
        parameters,
        outputs: [{ name: 'q' }, { name: 'p', parameters: { binary_data: false } }],
      }),
    ).toMatchObject({
      binaryOutputs: true,
      outputs: [
        { name: 'q', binary: true },
        { name: 'p', binary: false },
      ],
    });
    expect(decode({ ...x([1, 2]), outputs: [] }).outputs).toBeUndefined();
  });

  it('of a model with code of its own before it may have any tensors', () => {
    const decoder = new RequestDecoder(undefined, undefined);
    const { body } = bodyOf({
      inputs: [{ name: '__proto__', shape: [2], datatype: 'BYTES', data: ['a', 'b'] }],
      outputs: [{ name: 'anything' }],
    });
    const { inputs, outputs } = decoder.decode(body, -1);
    expect([...inputs]).toEqual([['__proto__', { datatype: 'BYTES', shape: [2], data: ['a', 'b'] }]]);
    expect(outputs).toEqual([{ name: 'anything', binary: false }]);
  });

  it('counts the last of keys that come twice, and __proto__ as a key like any other', () => {
    const twice = '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0],"data":[1,2]}]}';
    expect(data(twice, [X])).toEqual([1, 2]);
    const proto = '{"__proto__":{"inputs":[]}}';
    expect(refusal(proto)).toBe('inputs: got nothing, expected an array of tensors');
    expect(Object.hasOwn(Object.prototype, 'inputs')).toBe(false);
  });
});

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

describe('numbers', () => {
  const one = (datatype: Datatype, element: string): unknown[] =>
    data(`{"inputs":[{"name":"t","shape":[1],"datatype":"${datatype}","data":[${element}]}]}`, [
      input('t', datatype, [-1]),
    ]);
  const refused = (datatype: Datatype, element: string): string =>
    refusal(`{"inputs":[{"name":"t","shape":[1],"datatype":"${datatype}","data":[${element}]}]}`, [
      input('t', datatype, [-1]),
    ]);

  it.each<[Datatype, string, unknown]>([
    ['INT8', '-128', -128],
    ['UINT8', '255', 255],
    ['INT16', '-32768', -32768],
    ['UINT16', '65535', 65535],
    ['INT32', '2147483647', 2147483647],
    ['UINT32', '4294967295', 4294967295],
    ['INT32', '1e3', 1000],
    ['INT32', '-0', 0],
    ['INT64', '-1', -1n],
    ['INT64', '-4294967297', -4294967297n],
    ['INT64', '9007199254740991', 9007199254740991n],
    ['INT64', '9007199254740993', 9007199254740993n],
    ['INT64', '9223372036854775807', 9223372036854775807n],
    ['INT64', '-9223372036854775808', -9223372036854775808n],
    ['UINT64', '18446744073709551615', 18446744073709551615n],
    ['UINT64', '4294967296', 4294967296n],
    ['FP64', '1.7976931348623157e308', 1.7976931348623157e308],
    ['FP64', '0.1', 0.1],
    ['FP32', '0.1', 0.10000000149011612],
    ['FP32', '3.4028235677973362e38', 3.4028234663852886e38],
    ['FP32', '1e-50', 0],
    ['FP32', '"NaN"', NaN],
    ['FP64', '"Infinity"', Infinity],
    ['FP64', '"-Infinity"', -Infinity],
    ['FP16', '1', 0x3c00],
    ['FP16', '65504', 0x7bff],
    ['FP16', '65519.99', 0x7bff],
    ['FP16', '"-Infinity"', 0xfc00],
    ['FP16', '-0.0', 0x8000],
    ['BOOL', 'true', 1],
    ['BOOL', 'false', 0],
    ['BYTES', '"h\\u00e9llo \\ud83d\\ude00"', 'héllo 😀'],
    ['BYTES', '""', ''],
  ])('%s takes %s', (datatype, element, expected) => {
    expect(one(datatype, element)).toEqual([expected]);
  });

  it.each<[Datatype, string, string]>([
    ['UINT8', '300', 'got 300, expected an integer of 0 to 255'],
    ['UINT8', '-1', 'got -1, expected an integer of 0 to 255'],
    ['INT8', '128', 'got 128, expected an integer of -128 to 127'],
    ['INT16', '40000', 'got 40000, expected an integer of -32768 to 32767'],
    ['UINT16', '65536', 'got 65536, expected an integer of 0 to 65535'],
    ['INT32', '1.5', 'got 1.5, expected an integer of -2147483648 to 2147483647'],
    ['INT32', '1e300', 'got 1e+300, expected an integer'],
    ['INT32', 'null', 'got null, expected an integer'],
    ['INT32', '"1"', 'got "1", expected an integer'],
    ['INT32', '"NaN"', 'got "NaN", expected an integer'],
    ['INT32', 'true', 'got true, expected an integer'],
    ['INT32', '{}', 'got an object, expected an integer'],
    ['UINT32', '4294967296', 'got 4294967296, expected an integer of 0 to 4294967295'],
    ['INT64', '1.5', 'got 1.5, expected an integer of -9223372036854775808'],
    ['INT64', '"1"', 'got "1", expected an integer'],
    [
      'INT64',
      '9223372036854775808',
      'got 9223372036854775808, expected an integer of -9223372036854775808 to 9223372036854775807',
    ],
    [
      'INT64',
      '1e18',
      'got 1000000000000000000, expected an integer of -9223372036854775808 to 9223372036854775807, written in plain digits',
    ],
    ['INT64', `1${'0'.repeat(400)}`, 'got Infinity, expected an integer'],
    ['UINT64', '-1', 'got -1, expected an integer of 0 to 18446744073709551615'],
    ['UINT64', '-9007199254740993', 'got -9007199254740993, expected an integer of 0'],
    [
      'UINT64',
      '18446744073709551616',
      'got 18446744073709551616, expected an integer of 0 to 18446744073709551615',
    ],
    ['FP32', '1e300', 'got 1e+300, expected a number within the range of FP32'],
    ['FP32', '3.4028235677973366e38', 'expected a number within the range of FP32'],
    ['FP32', '-1e39', 'got -1e+39, expected a number within the range of FP32'],
    [
      'FP32',
      '"inf"',
      'got "inf", expected a number within the range of FP32, or "NaN", "Infinity" or "-Infinity"',
    ],
    ['FP32', 'true', 'got true, expected a number'],
    ['FP64', '1e999', 'got Infinity, expected a number within the range of FP64'],
    ['FP16', '65520', 'got 65520, expected a number within the range of FP16'],
    ['FP16', '"2"', 'got "2", expected a number within the range of FP16'],
    ['BOOL', '1', 'got 1, expected true or false'],
    ['BOOL', '"true"', 'got "true", expected true or false'],
    ['BYTES', '5', 'got 5, expected text'],
    ['BYTES', 'null', 'got null, expected text'],
    [
      'BYTES',
      '"\\ud800"',
      'which ONNX Runtime cannot hold, expected text, well-formed and without NUL characters',
    ],
    [
      'BYTES',
      '"a\\u0000b"',
      'which ONNX Runtime cannot hold, expected text, well-formed and without NUL characters',
    ],
  ])('%s refuses %s', (datatype, element, message) => {
    expect(refused(datatype, element)).toContain(`inputs[0].data[0]: `);
    expect(refused(datatype, element)).toContain(message);
  });

  it('of 64 bits keep them all, beside other tensors of the same request', () => {
    const signatures = [input('f', 'FP32', [-1]), input('d', 'FP64', [-1]), input('t', 'BYTES', [-1]), Y];
    const text = `{"id":"9007199254740993","inputs":[
      {"name":"f","shape":[2],"datatype":"FP32","data":[12345678901234567890,0.12345678901234567890]},
      {"name":"d","shape":[1],"datatype":"FP64","data":[12345678901234567]},
      {"name":"t","shape":[2],"datatype":"BYTES","data":["9007199254740993","\\"[9007199254740993]"]},
      {"name":"y","shape":[2],"datatype":"INT64","data":[9007199254740993, -5]}]}`;
    const { inputs, id } = decode(text, { inputs: signatures });
    expect(id).toBe('9007199254740993');
    expect(Array.from(inputs.get('f')!.data as Float32Array)).toEqual([
      Math.fround(12345678901234567890),
      Math.fround(0.1234567890123456789),
    ]);
    expect(Array.from(inputs.get('d')!.data as Float64Array)).toEqual([12345678901234568]);
    expect(inputs.get('t')!.data).toEqual(['9007199254740993', '"[9007199254740993]']);
    expect(Array.from(inputs.get('y')!.data as BigInt64Array)).toEqual([9007199254740993n, -5n]);
    const tooLarge = text.replace('12345678901234567890,', `1${'0'.repeat(39)},`);
    expect(refusal(tooLarge, signatures)).toContain('inputs[0].data[0]: got 1e+39, expected a number');
    const alsoText = text.replace('["9007199254740993"', '[9007199254740993');
    expect(refusal(alsoText, signatures)).toContain('inputs[2].data[0]: got 9007199254740992, expected text');
  });
});

describe('binary tensors', () => {
  const binary = (name: string, datatype: Datatype, shape: readonly number[], size: unknown): object => ({
    name,
    shape,
    datatype,
    parameters: { binary_data_size: size },
  });

  it('follow the JSON in the order of the inputs, aligned or not, beside JSON tensors', () => {
    const signatures = [X, Y, input('z', 'FP64', [-1])];
    const tail = Buffer.concat([
      Buffer.from(BigInt64Array.of(-5n, 2n ** 60n).buffer),
      Buffer.from(Float64Array.of(Math.PI).buffer),
    ]);
    for (const padding of ['', ' ', '  ', '   ', '    ', '     ', '      ', '       ']) {
      const request = `${JSON.stringify({
        inputs: [
          binary('y', 'INT64', [2], 16),
          { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] },
          binary('z', 'FP64', [1], 8),
        ],
      })}${padding}`;
      const { inputs } = decode(request, { inputs: signatures, tail });
      const bytesOf = (name: string): Buffer => {
        const { data } = inputs.get(name)! as { data: Uint8Array };
        return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      };
      expect(bytesOf('y').readBigInt64LE(8)).toBe(2n ** 60n);
      expect(bytesOf('z').readDoubleLE(0)).toBe(Math.PI);
      expect(Array.from(inputs.get('x')!.data as Float32Array)).toEqual([1, 2]);
    }
  });

  const t = (datatype: Datatype): TensorSignature[] => [input('t', datatype, [-1])];
  const request = (datatype: Datatype, shape: readonly number[], size: unknown): object => ({
    inputs: [binary('t', datatype, shape, size)],
  });

  it('of BYTES have four bytes of length before each element', () => {
    const tail = Buffer.from('\x03\0\0\0abc\0\0\0\0\x04\0\0\0\xf0\x9f\x98\x80', 'latin1');
    const { inputs } = decode(request('BYTES', [3], tail.length), { inputs: t('BYTES'), tail });
    expect(inputs.get('t')!.data).toEqual(['abc', '', '😀']);
  });

  it.each<[string, Datatype, readonly number[], unknown, string, string]>([
    [
      'of another size than the shape says',
      'FP32',
      [2],
      4,
      '1234',
      'inputs[0].parameters.binary_data_size: got 4 bytes, expected 8: 2 elements of 4, as shape [2] and FP32 say',
    ],
    [
      'larger than the body',
      'FP32',
      [1],
      4,
      '12',
      'inputs[0].parameters.binary_data_size: got 4, but only 2 bytes are left',
    ],
    [
      'of a negative size',
      'FP32',
      [1],
      -4,
      '',
      'inputs[0].parameters.binary_data_size: got -4, expected a number of bytes',
    ],
    [
      'of a size that is text',
      'FP32',
      [1],
      '4',
      '1234',
      'inputs[0].parameters.binary_data_size: got "4", expected a number of bytes',
    ],
    [
      'with bytes left over',
      'FP32',
      [1],
      4,
      '12345',
      'the body has 5 bytes after the JSON, but the binary_data_size of the inputs make 4',
    ],
    ['of BOOL that are not 0 or 1', 'BOOL', [2], 2, '\x01\x02', 'inputs[0].data[1]: got 2, expected 0 or 1'],
    [
      'of BYTES without room for their lengths',
      'BYTES',
      [2000000000],
      4,
      '\0\0\0\0',
      'got 4 bytes, too few for the 2000000000 lengths of 4 bytes that shape [2000000000] asks for',
    ],
    [
      'of BYTES with a length beyond the end',
      'BYTES',
      [1],
      6,
      '\x05\0\0\0ab',
      'inputs[0].data[0]: got 2 bytes, expected the 5 that its length says',
    ],
    [
      'of BYTES that end within a length',
      'BYTES',
      [2],
      8,
      '\x02\0\0\0ab\0\0',
      'inputs[0].data[1]: got 2 bytes, expected a length of 4 bytes',
    ],
    [
      'of BYTES with more than the elements',
      'BYTES',
      [1],
      6,
      '\0\0\0\0ab',
      'got 6 bytes, expected 4: the 1 elements end there',
    ],
    [
      'of BYTES that are no UTF-8',
      'BYTES',
      [1],
      5,
      '\x01\0\0\0\xff',
      'inputs[0].data[0]: got bytes that are not UTF-8 text',
    ],
    [
      'of BYTES with a NUL',
      'BYTES',
      [1],
      5,
      '\x01\0\0\0\0',
      'inputs[0].data[0]: got bytes that are not UTF-8 text without NUL characters',
    ],
  ])('%s are refused', (_what, datatype, shape, size, tail, message) => {
    expect(refusal(request(datatype, shape, size), t(datatype), Buffer.from(tail, 'latin1'))).toContain(
      message,
    );
  });

  it('are refused beside data of the same input, and with a header beyond the body', () => {
    const both = { inputs: [{ ...binary('t', 'FP32', [1], 4), data: [1] }] };
    expect(refusal(both, t('FP32'), Buffer.alloc(4))).toBe(
      'inputs[0]: got data and binary_data_size, expected one of them',
    );
    const { body } = bodyOf(x([1, 2]));
    expect(() => new RequestDecoder([X], ['p']).decode(body, body.length + 1)).toThrow(
      `Inference-Header-Content-Length: got ${body.length + 1}, but the body has ${body.length} bytes`,
    );
  });

  it('may be none at all, with the header and nothing after the JSON', () => {
    expect(Array.from(decode(x([1, 2]), { inputs: [X], tail: Buffer.alloc(0) }).inputs.keys())).toEqual([
      'x',
    ]);
  });
});
