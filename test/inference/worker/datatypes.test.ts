import type { Datatype } from '../../../src/inference/datatype';
import { ModelWorker, type Answer } from '../../support/model-worker';
import { fixtures } from '../../support/repositories';

interface Case {
  readonly datatype: Datatype;
  /** Elements as JSON text, two rows of two. */
  readonly json: string;
  /** The same elements as a binary tensor. */
  readonly bytes: Buffer;
}

const of = (array: ArrayBufferView): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

const CASES: readonly Case[] = [
  { datatype: 'BOOL', json: 'true,false,false,true', bytes: Buffer.from([1, 0, 0, 1]) },
  { datatype: 'INT8', json: '-128,0,1,127', bytes: of(Int8Array.of(-128, 0, 1, 127)) },
  { datatype: 'INT16', json: '-32768,0,1,32767', bytes: of(Int16Array.of(-32768, 0, 1, 32767)) },
  {
    datatype: 'INT32',
    json: '-2147483648,0,1,2147483647',
    bytes: of(Int32Array.of(-(2 ** 31), 0, 1, 2 ** 31 - 1)),
  },
  {
    datatype: 'INT64',
    json: '-9223372036854775808,0,9007199254740993,9223372036854775807',
    bytes: of(BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 53n + 1n, 2n ** 63n - 1n)),
  },
  { datatype: 'UINT8', json: '0,1,254,255', bytes: of(Uint8Array.of(0, 1, 254, 255)) },
  { datatype: 'UINT16', json: '0,1,65534,65535', bytes: of(Uint16Array.of(0, 1, 65534, 65535)) },
  { datatype: 'UINT32', json: '0,1,2,4294967295', bytes: of(Uint32Array.of(0, 1, 2, 2 ** 32 - 1)) },
  {
    datatype: 'UINT64',
    json: '0,1,9007199254740993,18446744073709551615',
    bytes: of(BigUint64Array.of(0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n)),
  },
  {
    datatype: 'FP16',
    json: '0.333251953125,"NaN","Infinity",-65504',
    bytes: of(Uint16Array.of(0x3555, 0x7e00, 0x7c00, 0xfbff)),
  },
  {
    datatype: 'FP32',
    json: '0.10000000149011612,"NaN","-Infinity",3.4028234663852886e+38',
    bytes: of(Float32Array.of(0.1, NaN, -Infinity, 3.4028234663852886e38)),
  },
  {
    datatype: 'FP64',
    json: '0.1,"NaN","Infinity",1.7976931348623157e+308',
    bytes: of(Float64Array.of(0.1, NaN, Infinity, Number.MAX_VALUE)),
  },
  {
    datatype: 'BYTES',
    json: '"","héllo","😀","\\"\\\\\\n"',
    bytes: Buffer.concat(
      ['', 'héllo', '😀', '"\\\n'].map((text) => {
        const bytes = Buffer.from(text);
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return Buffer.concat([length, bytes]);
      }),
    ),
  },
];

function requireOk(answer: Answer): Answer & { ok: true } {
  if (answer.ok) return answer;
  throw new Error(answer.message);
}

describe.each(CASES)('$datatype', ({ datatype, json, bytes }) => {
  const model = `identity_${datatype.toLowerCase()}`;
  const tensor = `"name":"input","shape":[2,2],"datatype":"${datatype}"`;
  const inJson = `{"inputs":[{${tensor},"data":[${json}]}]}`;
  const nested = json.replace(
    /^((?:"(?:[^"\\]|\\.)*"|[^,])*,(?:"(?:[^"\\]|\\.)*"|[^,])*),(.*)$/,
    '[$1],[$2]',
  );
  const inJsonNested = `{"inputs":[{${tensor},"data":[${nested}]}]}`;
  const asBinary = '"outputs":[{"name":"output","parameters":{"binary_data":true}}]';
  const inBinary = `{"inputs":[{${tensor},"parameters":{"binary_data_size":${bytes.length}}}]`;

  it('comes back as it went, through ONNX Runtime, in JSON and as bytes, alone and joined', async () => {
    await using worker = new ModelWorker(await fixtures.locate(model, '1'));
    const { signature } = await worker.ready();
    expect(signature.inputs).toEqual([{ name: 'input', datatype, shape: [-1, -1] }]);
    const requests = [
      inJson,
      inJsonNested,
      { json: `${inBinary},${asBinary}}`, tail: bytes },
      { json: `${inBinary},"parameters":{"binary_data_output":true}}`, tail: bytes },
      `${inJson.slice(0, -1)},${asBinary}}`,
      { json: `${inBinary}}`, tail: bytes },
    ];
    const { answers, rows } = await worker.batch(requests);
    expect(rows).toEqual([12]);
    const single = await worker.batch(requests, { maxRows: 2 });
    expect(single.rows).toEqual([2, 2, 2, 2, 2, 2]);
    for (const [i, answer] of [...answers, ...single.answers].entries()) {
      const { text, tail, jsonLength, json: read } = requireOk(answer);
      expect(read.outputs[0]).toMatchObject({ name: 'output', datatype, shape: [2, 2] });
      if ([2, 3, 4].includes(i % 6)) {
        expect(jsonLength).toBe(text.length);
        expect(read.outputs[0]).toMatchObject({ parameters: { binary_data_size: bytes.length } });
        expect(tail.toString('hex')).toBe(bytes.toString('hex'));
      } else {
        expect(jsonLength).toBe(-1);
        expect(text).toContain(`"data":[${json}]`);
      }
    }
  });
});

it('NaN written by ONNX Runtime is NaN whatever its bits', async () => {
  await using worker = new ModelWorker(await fixtures.locate('identity_fp32', '1'));
  const tail = Buffer.from('0100c07f010080ff', 'hex');
  const parameters = { binary_data_size: 8 };
  const answer = await worker.infer({
    json: { inputs: [{ name: 'input', shape: [1, 2], datatype: 'FP32', parameters }] },
    tail,
  });
  expect(requireOk(answer).text).toContain('"data":["NaN","NaN"]');
});

it('zero-size tensors come back in JSON and as bytes', async () => {
  await using worker = new ModelWorker(await fixtures.locate('identity_bytes', '1'));
  const parameters = { binary_data_size: 0 };
  const json = {
    inputs: [{ name: 'input', shape: [0, 3], datatype: 'BYTES', parameters }],
    parameters: { binary_data_output: true },
  };
  const answer = requireOk(await worker.infer({ json, tail: Buffer.alloc(0) }));
  expect(answer.json.outputs[0]).toMatchObject({ shape: [0, 3], parameters });
  expect(answer.tail).toHaveLength(0);
});
