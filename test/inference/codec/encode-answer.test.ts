import { AnswerEncoder, writeAnswer, type AnswerOutput } from '../../../src/inference/codec/encode-answer';
import { jsonArray } from '../../../src/inference/codec/json-array';
import { ARRAY_KINDS, type NumericDatatype, type Tensor } from '../../../src/inference/codec/tensor';

function tensor(datatype: NumericDatatype, values: readonly (number | bigint)[]): Tensor {
  const data = new ARRAY_KINDS[datatype](values.length);
  for (const [i, value] of values.entries()) data[i] = value;
  return { datatype, shape: [values.length], data };
}

function written(id: string | undefined, outputs: readonly AnswerOutput[]): { json: string; tail: Buffer } {
  const answer = new AnswerEncoder('m', '7').encode(id, outputs);
  const bodies = Buffer.alloc(answer.bytes + 10, '#');
  writeAnswer(answer, bodies, 5);
  expect(bodies.toString('latin1', 0, 5) + bodies.toString('latin1', answer.bytes + 5)).toBe('#'.repeat(10));
  const bytes = bodies.subarray(5, answer.bytes + 5);
  return { json: bytes.toString('utf8', 0, answer.jsonBytes), tail: bytes.subarray(answer.jsonBytes) };
}

describe('the data of an output', () => {
  it.each<[NumericDatatype, readonly (number | bigint)[], string]>([
    [
      'FP32',
      [Math.fround(0.1), 1, -2.5, 1e-45, 3.4e38],
      '[0.10000000149011612,1,-2.5,1.401298464324817e-45,3.3999999521443642e+38]',
    ],
    ['FP64', [0.1, 1e21, 5e-324, -0], '[0.1,1e+21,5e-324,0]'],
    ['FP64', [NaN, Infinity, -Infinity, 1], '["NaN","Infinity","-Infinity",1]'],
    ['FP64', [1.7e308, 1.7e308], '[1.7e+308,1.7e+308]'],
    ['FP32', [Infinity, -Infinity], '["Infinity","-Infinity"]'],
    [
      'FP16',
      [0x3c00, 0xbc00, 0x7c00, 0x7e00, 0x0001, 0x3555],
      '[1,-1,"Infinity","NaN",5.960464477539063e-8,0.333251953125]',
    ],
    ['INT64', [2n ** 63n - 1n, -(2n ** 63n), 0n], '[9223372036854775807,-9223372036854775808,0]'],
    ['UINT64', [2n ** 64n - 1n], '[18446744073709551615]'],
    ['UINT32', [4294967295], '[4294967295]'],
    ['INT8', [-128, 127], '[-128,127]'],
    ['BOOL', [0, 1, 1], '[false,true,true]'],
    ['BOOL', [], '[]'],
    ['FP32', [], '[]'],
    ['INT64', [], '[]'],
  ])('%s %p is written as JSON has it', (datatype, values, json) => {
    expect(jsonArray(tensor(datatype, values))).toBe(json);
    expect(() => JSON.parse(json) as unknown).not.toThrow();
  });

  it('of finite floats is what JSON.stringify writes', () => {
    const values = Array.from({ length: 1000 }, (_, i) => Math.fround(Math.sin(i) * 10 ** ((i % 60) - 30)));
    expect(jsonArray(tensor('FP32', values))).toBe(JSON.stringify(values));
    expect(jsonArray(tensor('FP64', values))).toBe(JSON.stringify(values));
  });

  it('of BYTES is escaped', () => {
    const data = ['plain', 'quote " and \\', 'line\nbreak', 'é😀', '\u0001'];
    expect(JSON.parse(jsonArray({ datatype: 'BYTES', shape: [5], data }))).toEqual(data);
  });
});

describe('an answer', () => {
  it('names the model, its version, the id and the outputs', () => {
    const { json, tail } = written('one', [
      { name: 'a', tensor: { ...tensor('INT32', [1, 2]), shape: [2, 1] }, binary: false },
      { name: 'é"', tensor: { datatype: 'BYTES', shape: [1], data: ['ü'] }, binary: false },
    ]);
    expect(json).toBe(
      '{"model_name":"m","model_version":"7","id":"one","outputs":[' +
        '{"name":"a","datatype":"INT32","shape":[2,1],"data":[1,2]},' +
        '{"name":"é\\"","datatype":"BYTES","shape":[1],"data":["ü"]}]}',
    );
    expect(tail).toHaveLength(0);
  });

  it('has its binary tensors behind the JSON, little-endian, in order', () => {
    const { json, tail } = written(undefined, [
      { name: 'a', tensor: tensor('INT16', [1, -2]), binary: true },
      { name: 'b', tensor: tensor('FP32', [0.5]), binary: false },
      { name: 'c', tensor: { datatype: 'BYTES', shape: [2], data: ['é', ''] }, binary: true },
      { name: 'd', tensor: { ...tensor('FP64', []), shape: [0, 3] }, binary: true },
    ]);
    expect(JSON.parse(json)).toMatchObject({
      outputs: [
        { name: 'a', datatype: 'INT16', shape: [2], parameters: { binary_data_size: 4 } },
        { name: 'b', data: [0.5] },
        { name: 'c', shape: [2], parameters: { binary_data_size: 10 } },
        { name: 'd', shape: [0, 3], parameters: { binary_data_size: 0 } },
      ],
    });
    expect(tail.toString('latin1')).toBe('\x01\0\xfe\xff\x02\0\0\0\xc3\xa9\0\0\0\0');
  });

  it('of rows out of a joined run has those rows only', () => {
    const all = Float32Array.of(1, 2, 3, 4, 5, 6);
    const rows: Tensor = { datatype: 'FP32', shape: [1, 2], data: all.subarray(2, 4) };
    const { json, tail } = written('i', [
      { name: 'a', tensor: rows, binary: false },
      { name: 'b', tensor: rows, binary: true },
    ]);
    expect(json).toContain('"data":[3,4]');
    expect([tail.readFloatLE(0), tail.readFloatLE(4), tail.length]).toEqual([3, 4, 8]);
  });

  it('has an id of its own when the request has none', () => {
    const ids = [1, 2].map(() => (JSON.parse(written(undefined, []).json) as { id: string }).id);
    expect(new Set(ids).size).toBe(2);
  });

  it('quotes names beyond those that it remembers', () => {
    const encoder = new AnswerEncoder('m', '1');
    for (let i = 0; i < 2000; i++) {
      const output = { name: `n${i}`, tensor: tensor('INT8', []), binary: false };
      expect(encoder.encode('i', [output]).json).toContain(`"name":"n${i}"`);
    }
  });
});
