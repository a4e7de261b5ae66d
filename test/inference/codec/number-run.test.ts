import { NumberRun } from '../../../src/inference/codec/number-run';

function read(text: string, shape: readonly number[], single: boolean): readonly number[] | undefined {
  const bytes = Buffer.from(`#${text}#`);
  const count = shape.reduce((product, one) => product * one, 1);
  const numbers = new NumberRun(bytes, 1, bytes.length - 1).read(shape, count, single);
  return numbers && Array.from(numbers);
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const NUMBERS = [
  ...[
    '0',
    '-0',
    '0.0',
    '-0.0',
    '1',
    '-1',
    '10',
    '1.5',
    '0.1',
    '123456789',
    '1e5',
    '1E5',
    '1e+5',
    '1e-5',
    '1.25e-3',
  ],
  ...[
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '18446744073709551615',
    '0.30000000000000004',
  ],
  ...[
    '0.10000000149011612',
    '3.4028234663852886e38',
    '3.4028235677973362e38',
    '1e-45',
    '1.401298464324817e-45',
  ],
  ...[
    '7e-46',
    '5e-324',
    '1e308',
    '1e22',
    '1e23',
    '123e-22',
    '123e-23',
    '0.000000000000000000000000000000000001',
  ],
  ...['1.00000005960464477539', '1.000000059604644775390625', '1.0000000596046447753906250000000001'],
  ...[
    '12345678901234567890123456789012345',
    '0e5',
    '0.0e-400',
    '1e-400',
    `0.${'0'.repeat(300)}1`,
    `1${'0'.repeat(30)}`,
  ],
];

/** The FP32 next to a finite one that is not zero, away from zero. */
function nextSingle(value: number): number {
  const bits = new Uint32Array([0]);
  const single = new Float32Array(bits.buffer);
  single[0] = value;
  bits[0]! += 1;
  return single[0];
}

describe('a run of numbers', () => {
  it('is read as JSON.parse reads it, to the last bit where doubles are wanted', () => {
    for (const text of NUMBERS) {
      const expected = JSON.parse(text) as number;
      const [single] = read(`[${text}]`, [1], true) ?? [];
      expect([text, Math.fround(single ?? NaN)]).toEqual([text, Math.fround(expected)]);
      const double = read(`[${text}]`, [1], false);
      if (double !== undefined) expect([text, double[0]]).toEqual([text, expected]);
    }
    expect(read('[0.1,-2.5e-3,123456789012345]', [3], false)).toEqual([0.1, -2.5e-3, 123456789012345]);
  });

  it('of many digits is left to JSON.parse where doubles are wanted', () => {
    expect(read('[1,0.30000000000000004]', [2], false)).toBeUndefined();
    expect(read('[1,1e-30]', [2], false)).toBeUndefined();
  });

  it.each([
    ['', [0]],
    ['[', [0]],
    ['[]]', [0]],
    ['[1', [1]],
    ['[1,]', [1]],
    ['[1,]', [2]],
    ['[,1]', [1]],
    ['[1 2]', [2]],
    ['[1,2]', [1]],
    ['[1]', [2]],
    ['[01]', [1]],
    ['[-01]', [1]],
    ['[+1]', [1]],
    ['[.5]', [1]],
    ['[1.]', [1]],
    ['[1.e5]', [1]],
    ['[1e]', [1]],
    ['[1e+]', [1]],
    ['[--1]', [1]],
    ['[-]', [1]],
    ['[- 1]', [1]],
    ['[0x10]', [1]],
    ['[1_000]', [1]],
    ['[NaN]', [1]],
    ['[Infinity]', [1]],
    ['[null]', [1]],
    ['[true]', [1]],
    ['[1\u00a0]', [1]],
    ['[1\v]', [1]],
    ['[[1]', [1, 1]],
    ['[[1]]]', [1, 1]],
    ['[[1],[2,3]]', [2, 1]],
    ['[[1],2]', [2, 1]],
    ['[[1][2]]', [2, 1]],
    ['[[1],[2],]', [2, 1]],
    ['[[1,2]]', [2, 1]],
    ['[[[1]]]', [1, 1]],
    ['[[1]]', [1]],
    ['[1,[2]]', [2]],
  ])('%j is none of shape %j', (text, shape) => {
    expect(read(text, shape, true)).toBeUndefined();
  });

  it('may be flat or nested, empty, and with white space wherever JSON has it', () => {
    expect(read('[1,2,3,4]', [2, 2], true)).toEqual([1, 2, 3, 4]);
    expect(read(' [ [ 1 ,\t2 ]\r\n, [3,4 ] ]'.trim(), [2, 2], true)).toEqual([1, 2, 3, 4]);
    expect(read('[[[1],[2]],[[3],[4]]]', [2, 2, 1], true)).toEqual([1, 2, 3, 4]);
    expect(read('[]', [0], true)).toEqual([]);
    expect(read('[ ]', [0, 3], true)).toEqual([]);
    expect(read('[[ ],[]]', [2, 0], true)).toEqual([]);
  });

  it('does not make room for more numbers than it has bytes for', () => {
    expect(read('[1]', [2 ** 31 - 1], true)).toBeUndefined();
  });

  it('of random numbers comes out as from JSON.parse', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const digits = (n: number): string => Array.from({ length: n }, () => Math.floor(random() * 10)).join('');
    for (let round = 0; round < 20_000; round++) {
      const whole =
        random() < 0.4 ? '0' : `${1 + Math.floor(random() * 9)}${digits(Math.floor(random() * 20))}`;
      const fraction = random() < 0.8 ? `.${digits(1 + Math.floor(random() * 24))}` : '';
      const exponent = random() < 0.3 ? `e${random() < 0.5 ? '-' : ''}${Math.floor(random() * 45)}` : '';
      const text = `${random() < 0.5 ? '-' : ''}${whole}${fraction}${exponent}`;
      const expected = JSON.parse(text) as number;
      const single = read(`[${text}]`, [1], true)?.[0];
      const double = read(`[${text}]`, [1], false)?.[0];
      if (!Object.is(Math.fround(single ?? NaN), Math.fround(expected))) {
        throw new Error(`seed ${seed}: ${text} came out as ${single}`);
      }
      if (double !== undefined && !Object.is(double, expected)) {
        throw new Error(`seed ${seed}: ${text} came out as the double ${double}`);
      }
    }
  });

  it('beside the middle of two FP32 falls to the right one', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    for (let round = 0; round < 5_000; round++) {
      const value = Math.fround((random() - 0.5) * 10 ** Math.floor(random() * 12 - 6));
      const middle = (value + nextSingle(value)) / 2;
      for (const near of [middle, middle * (1 + 2 ** -52), middle * (1 - 2 ** -52)]) {
        for (const text of [String(near), near.toFixed(20), near.toExponential(18)]) {
          const single = read(`[${text}]`, [1], true)?.[0] ?? NaN;
          if (Math.fround(single) !== Math.fround(Number(text))) {
            throw new Error(`seed ${seed}: ${text} came out as ${single}`);
          }
        }
      }
    }
  });
});
