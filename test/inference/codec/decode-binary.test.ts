import { RequestDecoder } from '../../../src/inference/codec/decode-request';
import type { Datatype } from '../../../src/inference/datatype';
import type { TensorSignature } from '../../../src/inference/signature';
import { input, X, Y, bodyOf, decode, refusal, x } from './decode-scene';

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
