import { RequestError } from '../../../src/errors';
import { RequestDecoder } from '../../../src/inference/codec/decode-request';
import { skeletonOf } from '../../../src/inference/codec/json-skeleton';
import type { Datatype } from '../../../src/inference/datatype';

const WIDTH = 100;

function decode(text: string, datatype: Datatype = 'FP32'): readonly unknown[] {
  const decoder = new RequestDecoder([{ name: 'x', datatype, shape: [-1, WIDTH] }], ['y']);
  return Array.from(decoder.decode(Buffer.from(text), -1).inputs.get('x')!.data as ArrayLike<unknown>);
}

function refusal(text: string, datatype?: Datatype): string {
  try {
    decode(text, datatype);
  } catch (error) {
    if (error instanceof RequestError && error.code === 'BAD_INPUT') return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

const request = (data: string, datatype = 'FP32', more = ''): string =>
  `{"inputs":[{"name":"x","shape":[1,${WIDTH}],"datatype":"${datatype}","data":${data}}]${more}}`;

const numbers = Array.from({ length: WIDTH }, (_, i) => i + 0.25);
const list = numbers.join(',');

describe('a request with a long array of numbers', () => {
  it('is read without JSON.parse seeing the array', () => {
    const skeleton = skeletonOf(Buffer.from(request(`[${list}]`)));
    expect(skeleton?.text).toMatch(
      /^\{"inputs":\[\{"name":"x","shape":\[1,100\],"datatype":"FP32","data":"[0-9a-f-]{36}:0"\}\]\}$/,
    );
    expect(skeleton?.runs).toHaveLength(1);
    expect(decode(request(`[${list}]`))).toEqual(numbers);
  });

  it('may have its members in any order, white space, and several inputs', () => {
    const nested = `[ [ ${numbers.join(' ,\n')} ] ]`;
    expect(
      decode(`{ "inputs" : [ { "data" : ${nested} , "datatype" : "FP32", "shape":[1,100],"name":"x" } ] }`),
    ).toEqual(numbers);
    const decoder = new RequestDecoder(
      ['a', 'b', 'c'].map((name) => ({ name, datatype: 'FP64', shape: [-1] })),
      [],
    );
    const text = JSON.stringify({
      inputs: ['a', 'b', 'c'].map((name, i) => ({
        name,
        shape: [i === 1 ? 2 : WIDTH],
        datatype: 'FP64',
        data: i === 1 ? [7, 8] : numbers,
      })),
    });
    const { inputs } = decoder.decode(Buffer.from(text), -1);
    expect([...inputs.values()].map((tensor) => Array.from(tensor.data as Float64Array))).toEqual([
      numbers,
      [7, 8],
      numbers,
    ]);
  });

  it.each<[Datatype, readonly (number | bigint)[]]>([
    ['INT8', numbers.map((_, i) => i - 50)],
    ['UINT8', numbers.map((_, i) => 2 * i)],
    ['INT16', numbers.map((_, i) => -300 * i - 1)],
    ['UINT32', numbers.map((_, i) => 2 ** 31 + i)],
    ['INT64', numbers.map((_, i) => BigInt(i) * -100_000_000_000n)],
    ['INT64', numbers.map((_, i) => 2n ** 60n + BigInt(i))],
    ['UINT64', numbers.map((_, i) => 2n ** 63n + BigInt(i))],
    ['FP64', numbers.map((n) => n / 3)],
  ])('of %s has the same values', (datatype, values) => {
    expect(decode(request(`[${values.join(',')}]`, datatype), datatype)).toEqual(values);
  });

  it('has the same errors as any other', () => {
    expect(refusal(request(`[${list},1]`))).toBe(
      'inputs[0].data: got 101 elements, expected 100, as shape [1,100] says',
    );
    expect(refusal(request(`[[${list}],[${list}]]`))).toBe(
      'inputs[0].data: got 2 elements, expected an array of 1, as shape [1,100] says',
    );
    expect(refusal(request(`[${list.replace('50.25', '1e39')}]`))).toContain('inputs[0].data[50]: got 1e+39');
    expect(refusal(request(`[${list}]`, 'INT8'), 'INT8')).toContain(
      'inputs[0].data[0]: got 0.25, expected an integer',
    );
    expect(refusal(request(`[${list.replace('50.25', '"50"')}]`))).toContain('inputs[0].data[50]: got "50"');
    expect(refusal(request(`[${list.replace('50.25', 'null')}]`))).toContain('inputs[0].data[50]: got null');
    expect(refusal(request(`[${list.replace('50.25', '{}')}]`))).toContain(
      'inputs[0].data[50]: got an object',
    );
    expect(refusal(request(`[${list}]`, 'BOOL'), 'BOOL')).toContain(
      'inputs[0].data[0]: got 0.25, expected true',
    );
    expect(refusal(request(`[${list}]`, 'BYTES'), 'BYTES')).toContain(
      'inputs[0].data[0]: got 0.25, expected text',
    );
    for (const broken of ['[1,2', `[${list},]`, `[${list}`, `[${list}]]`, `[0${list}]`, `[${list} 1]`]) {
      expect(refusal(request(broken))).toMatch(/^the JSON cannot be parsed: |^inputs\[0\]\.data: /);
    }
  });

  it('is refused for broken numbers also where nobody looks at them', () => {
    const aside = (data: string): string => request('[[1]]', 'FP32', `,"parameters":{"data":${data}}`);
    const sound = request(`[${list}]`, 'FP32', `,"parameters":{"data":[${list}]}`);
    expect(decode(sound)).toEqual(numbers);
    expect(refusal(aside(`[${list},,1]`))).toMatch(/^the JSON cannot be parsed: /);
    expect(refusal(request(`[${list}]`, 'FP32', `,"data":[${list},01]`))).toMatch(
      /^the JSON cannot be parsed: /,
    );
    const twice = `[${list}],"data":[${list.replaceAll('.25', '.5')}]`;
    expect(decode(request(twice))).toEqual(numbers.map((n) => n + 0.25));
  });

  it('is not misled by text that looks like it', () => {
    const escaped = request(`[${list}]`, 'FP32', `,"a\\"data":[${list}],"b":"\\"data\\":[${list}]"`);
    expect(decode(escaped)).toEqual(numbers);
    expect(decode(request(`[${list}]`, 'FP32', `,"id":"data","data":{"data":[${list}]}`))).toEqual(numbers);
    expect(refusal(`{"inputs":"\\"data":[${list}]}`)).toMatch(/^the JSON cannot be parsed: /);
    expect(refusal(request(`"00000000-0000-4000-8000-000000000000:0"`).padEnd(400))).toContain(
      'inputs[0].data: got "0000',
    );
    const { text } = skeletonOf(Buffer.from(request(`[${list}]`)))!;
    // Even one who knew the mark would get no farther than an error.
    expect(refusal(text.padEnd(400))).toBe('inputs[0].data: got text, expected an array of FP32');
  });

  it('keeps text beside it that is not ASCII, and refuses what is no UTF-8', () => {
    const decoder = new RequestDecoder([{ name: 'größe', datatype: 'FP32', shape: [-1, WIDTH] }], ['y']);
    const text = request(`[${list}]`, 'FP32', ',"id":"😀"').replace('"x"', '"größe"');
    expect(decoder.decode(Buffer.from(text), -1).plan).toMatchObject({ id: '😀' });
    const bytes = Buffer.from(text);
    bytes[bytes.length - 4] = 0xff;
    expect(() => decoder.decode(bytes, -1)).toThrow('the JSON is not valid UTF-8');
  });

  it('is not searched for ever, whatever it is made of', () => {
    const milliseconds = (text: string): number => {
      const began = performance.now();
      expect(refusal(text)).not.toBe('');
      return performance.now() - began;
    };
    for (const piece of [
      '"data":[',
      '"data":[1,',
      '"data":[[[',
      '"data" : [ ',
      `"data":[${'1,'.repeat(200)}]`,
    ]) {
      expect(milliseconds(piece.repeat(Math.ceil(4_000_000 / piece.length)))).toBeLessThan(4_000);
    }
  });

  it('that is changed at random is read, or refused, as JSON.parse has it', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const alphabet = '0123456789-+.eE,[]{}" \n:\\dta';
    const whole = request(`[[${list}]]`);
    for (let round = 0; round < 5_000; round++) {
      const characters = Array.from(whole);
      for (let change = 0; change <= random(3); change++) {
        const at = random(characters.length);
        const how = random(3);
        const character = alphabet[random(alphabet.length)]!;
        characters.splice(at, how === 0 ? 0 : 1, ...(how === 1 ? [] : [character]));
      }
      const text = characters.join('');
      const expected = byJsonParse(text);
      let got: readonly unknown[] | undefined;
      try {
        got = decode(text);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
      }
      if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`seed ${seed}: ${text}`);
    }
  });
});

/** The numbers of a request, undefined for a bad one: by other means than the decoder's. */
function byJsonParse(text: string): readonly unknown[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const [tensor, ...more] = (parsed as { inputs?: readonly Record<string, unknown>[] }).inputs ?? [];
  if (more.length > 0 || tensor?.['name'] !== 'x' || tensor['datatype'] !== 'FP32') return undefined;
  const { shape, data } = tensor as { shape?: unknown; data?: unknown };
  const rows = Array.isArray(shape) && shape.length === 2 && shape[1] === WIDTH ? (shape[0] as number) : -1;
  if (!Array.isArray(data) || !Number.isInteger(rows)) return undefined;
  const flat =
    data.length > 0 && data.every((row) => Array.isArray(row) && row.length === WIDTH) ? data.flat() : data;
  if (flat !== data && data.length !== rows) return undefined;
  if (flat.length !== rows * WIDTH) return undefined;
  const floats = flat.map((value) =>
    typeof value === 'number' && Number.isFinite(Math.fround(value)) ? Math.fround(value) : undefined,
  );
  return floats.includes(undefined) ? undefined : floats;
}
