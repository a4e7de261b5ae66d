import { getFloat16, setFloat16 } from '@petamoriken/float16';
import { halfBits, halfValue } from '../../../src/inference/codec/half-float';

const view = new DataView(new ArrayBuffer(2));

function bitsOfLibrary(value: number): number {
  setFloat16(view, 0, value);
  return view.getUint16(0);
}

function valueOfLibrary(bits: number): number {
  view.setUint16(0, bits);
  return getFloat16(view, 0);
}

it('every half stands for what the library says, and has its own bits', () => {
  const wrong: number[] = [];
  for (let bits = 0; bits < 65_536; bits++) {
    const value = halfValue(bits);
    const same = Object.is(value, valueOfLibrary(bits));
    if (!same || (Number.isNaN(value) ? halfBits(value) !== 0x7e00 : halfBits(value) !== bits))
      wrong.push(bits);
  }
  expect(wrong).toEqual([]);
});

it('numbers between, at and beside the halves are rounded as the library rounds them', () => {
  const wrong: number[] = [];
  const check = (value: number): void => {
    if (halfBits(value) !== bitsOfLibrary(value)) wrong.push(value);
  };
  for (let bits = 0; bits < 0x7c00; bits++) {
    const [low, high] = [halfValue(bits), bits === 0x7bff ? 65_536 : halfValue(bits + 1)];
    const tie = (low + high) / 2;
    for (const value of [tie, tie * (1 - 2 ** -50), tie * (1 + 2 ** -50), low * (1 + 2 ** -52)]) {
      check(value);
      check(-value);
    }
  }
  for (const value of [0, -0, NaN, Infinity, -Infinity, 1e300, 5e-324, 2 ** -25, 2 ** -25 * 1.000001])
    check(value);
  expect(wrong).toEqual([]);
});

it('random numbers of every magnitude are rounded as the library rounds them', () => {
  let seed = 20_260_101;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  for (let i = 0; i < 100_000; i++) {
    const value = (random() - 0.5) * 2 ** (random() * 50 - 30);
    if (halfBits(value) !== bitsOfLibrary(value)) throw new Error(`${value} came out as ${halfBits(value)}`);
  }
});
