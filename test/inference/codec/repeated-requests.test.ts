import { RequestDecoder } from '../../../src/inference/codec/decode-request';
import type { TensorSignature } from '../../../src/inference/signature';

const X: TensorSignature = { name: 'x', datatype: 'FP32', shape: [-1] };

function binary(rows: number, more = ''): string {
  return `{"inputs":[{"name":"x","shape":[${rows}],"datatype":"FP32","parameters":{"binary_data_size":${rows * 4}}}]${more}}`;
}

function decode(decoder: RequestDecoder, json: string, values: readonly number[]): readonly number[] {
  const head = Buffer.from(json);
  const body = Buffer.concat([head, Buffer.from(Float32Array.from(values).buffer)]);
  const { data } = decoder.decode(body, head.length).inputs.get('x')! as { data: Float32Array };
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return values.map((_, i) => bytes.readFloatLE(i * 4));
}

describe('requests that differ in their numbers alone', () => {
  it('have each its own, as bytes and as JSON', () => {
    const decoder = new RequestDecoder([X], ['y']);
    for (let n = 0; n < 200; n++) {
      expect(decode(decoder, binary(2), [n, -n])).toEqual([n, -n]);
      expect(decode(decoder, binary(1, ',"id":"i"'), [n])).toEqual([n]);
      // More texts than are remembered.
      expect(decode(decoder, binary(1, ' '.repeat(n)), [n])).toEqual([n]);
      const numbers = Array.from({ length: 200 }, (_, i) => i + n);
      const json = JSON.stringify({ inputs: [{ name: 'x', shape: [200], datatype: 'FP32', data: numbers }] });
      const { inputs } = decoder.decode(Buffer.from(json), -1);
      expect(Array.from(inputs.get('x')!.data as Float32Array)).toEqual(numbers);
    }
  });

  it('have each its own id and its own errors', () => {
    const decoder = new RequestDecoder([X], ['y']);
    decode(decoder, binary(2), [1, 2]);
    const head = Buffer.from(binary(2));
    expect(() => decoder.decode(Buffer.concat([head, Buffer.alloc(4)]), head.length)).toThrow(
      'inputs[0].parameters.binary_data_size: got 8, but only 4 bytes are left',
    );
    expect(() => decoder.decode(Buffer.concat([head, Buffer.alloc(12)]), head.length)).toThrow(
      'the body has 12 bytes after the JSON, but the binary_data_size of the inputs make 8',
    );
    expect(() => decoder.decode(head, -1)).toThrow('the header Inference-Header-Content-Length');
    const ids = ['a', 'b', 'a'].map((id) => {
      const text = Buffer.from(binary(0, `,"id":"${id}"`));
      return decoder.decode(text, text.length).plan.id;
    });
    expect(ids).toEqual(['a', 'b', 'a']);
  });
});
