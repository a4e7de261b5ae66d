import { toUSVString } from 'node:util';
import type { Datatype } from '../datatype';
import { HALF_BEYOND, halfBits } from './half-float';
import type { NumericArray, NumericDatatype } from './tensor';

/** The smallest magnitude that rounds to infinity: halfway between the greatest FP32 and the next. */
const FP32_BEYOND = 2 ** 128 - 2 ** 103;

const INTEGER_RANGES = {
  INT8: '-128 to 127',
  INT16: '-32768 to 32767',
  INT32: '-2147483648 to 2147483647',
  INT64: '-9223372036854775808 to 9223372036854775807, written in plain digits',
  UINT8: '0 to 255',
  UINT16: '0 to 65535',
  UINT32: '0 to 4294967295',
  UINT64: '0 to 18446744073709551615, written in plain digits',
} as const satisfies Partial<Record<Datatype, string>>;

/** What an element of that datatype must be, for an error. */
export function expectedElement(datatype: Datatype): string {
  switch (datatype) {
    case 'BOOL':
      return 'true or false';
    case 'BYTES':
      return 'text, well-formed and without NUL characters';
    case 'FP16':
      return 'a number within the range of FP16, or "NaN", "Infinity" or "-Infinity"';
    case 'FP32':
      return 'a number within the range of FP32, or "NaN", "Infinity" or "-Infinity"';
    case 'FP64':
      return 'a number within the range of FP64, or "NaN", "Infinity" or "-Infinity"';
    default:
      return `an integer of ${INTEGER_RANGES[datatype]}`;
  }
}

/**
 * Writes `values` as elements of `datatype` into `out` from `at` on. Returns -1, or the index in `values` of the
 * first that is no such element. JSON has no infinite numbers: one that `JSON.parse` made is out of range,
 * unless `nonFinite` (values that come from code).
 */
export function fillNumbers(
  datatype: NumericDatatype,
  out: NumericArray,
  at: number,
  values: ArrayLike<unknown>,
  nonFinite = false,
): number {
  switch (datatype) {
    case 'FP32':
      return fillFloats(out, at, values, nonFinite ? Infinity : FP32_BEYOND, nonFinite);
    case 'FP64':
      return fillFloats(out, at, values, Infinity, nonFinite);
    case 'FP16':
      return fillHalves(out, at, values, nonFinite);
    case 'INT64':
    case 'UINT64':
      return fillLongs(out, at, values, datatype === 'INT64');
    case 'BOOL':
      return fillBooleans(out, at, values);
    default:
      return fillIntegers(out, at, values);
  }
}

/** Like {@link fillNumbers}, for BYTES. */
export function fillTexts(out: string[], at: number, values: ArrayLike<unknown>): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'string' || !isHoldable(value)) return i;
    out[at + i] = value;
  }
  return -1;
}

/** Whether ONNX Runtime keeps a string as it is: it cuts one at NUL and replaces lone surrogates. */
export function isHoldable(text: string): boolean {
  return !text.includes('\0') && toUSVString(text) === text;
}

function fillFloats(
  out: NumericArray,
  at: number,
  values: ArrayLike<unknown>,
  beyond: number,
  nonFinite: boolean,
): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === 'number' && value < beyond && value > -beyond) {
      out[at + i] = value;
    } else {
      const special = specialFloat(value, beyond, nonFinite);
      if (special === undefined) return i;
      out[at + i] = special;
    }
  }
  return -1;
}

function fillHalves(out: NumericArray, at: number, values: ArrayLike<unknown>, nonFinite: boolean): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === 'number' && value < HALF_BEYOND && value > -HALF_BEYOND) {
      out[at + i] = halfBits(value);
    } else {
      const special = specialFloat(value, HALF_BEYOND, nonFinite);
      if (special === undefined) return i;
      out[at + i] = halfBits(special);
    }
  }
  return -1;
}

function specialFloat(value: unknown, beyond: number, nonFinite: boolean): number | undefined {
  if (value === 'NaN') return NaN;
  if (value === 'Infinity') return Infinity;
  if (value === '-Infinity') return -Infinity;
  // Integers of many digits arrive so when 64-bit tensors made the text be read without loss.
  if (typeof value === 'bigint') {
    const number = Number(value);
    return number < beyond && number > -beyond ? number : undefined;
  }
  return nonFinite && typeof value === 'number' ? value : undefined;
}

function fillIntegers(out: NumericArray, at: number, values: ArrayLike<unknown>): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'number') return i;
    // The array wraps and cuts what does not fit; what fits reads back equal.
    out[at + i] = value;
    if (out[at + i] !== value) return i;
  }
  return -1;
}

function fillLongs(out: NumericArray, at: number, values: ArrayLike<unknown>, signed: boolean): number {
  // Halves are written instead of a bigint for each element: little-endian, as every platform of ONNX Runtime.
  const words = new Uint32Array(out.buffer, out.byteOffset + at * 8, values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || (!signed && value < 0)) return i;
      words[i * 2] = value;
      words[i * 2 + 1] = Math.floor(value / 4_294_967_296);
    } else if (typeof value === 'bigint') {
      const held = signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
      if (held !== value) return i;
      words[i * 2] = Number(BigInt.asUintN(32, value));
      words[i * 2 + 1] = Number(BigInt.asUintN(32, value >> 32n));
    } else {
      return i;
    }
  }
  return -1;
}

function fillBooleans(out: NumericArray, at: number, values: ArrayLike<unknown>): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'boolean') return i;
    out[at + i] = value ? 1 : 0;
  }
  return -1;
}
