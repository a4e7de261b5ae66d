/**
 * Numbers of a JSON array, from its bytes straight into an array of floats. `JSON.parse` makes a string of the bytes, an
 * array of the string and a number object of most elements, all of which is thrown away; this takes a third to
 * a half of its time. It knows numbers and brackets and nothing else: what it does not take, `JSON.parse` reads
 * again, and words the error if there is one.
 */

/** Powers of ten that a double holds exactly. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const GREATEST_POWER = POWERS_OF_TEN.length - 1;

/** Integers below it are exact when they are added up digit by digit. */
const EXACT_BELOW = 2 ** 53;

/** Digits up to which the relative error of a longer one, scaled by a power of ten, is well below the margin. */
const DIGITS_WITHIN_MARGIN = 19;
/** Far less than half a step of FP32. */
const MARGIN = 2 ** -48;

/** Inlined by the compiler: the innermost loop compares each byte with several of them. */
const enum Byte {
  TAB = 0x09,
  LINE_FEED = 0x0a,
  RETURN = 0x0d,
  SPACE = 0x20,
  PLUS = 0x2b,
  COMMA = 0x2c,
  MINUS = 0x2d,
  POINT = 0x2e,
  ZERO = 0x30,
  UPPER_E = 0x45,
  OPEN = 0x5b,
  CLOSE = 0x5d,
  LOWER_E = 0x65,
}

/** An array of numbers, flat or nested, in the bytes of a JSON text. */
export class NumberRun {
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #to: number;

  /** It begins at `bytes[from]`, an opening bracket, and ends with the closing bracket before `bytes[to]`. */
  constructor(bytes: Buffer, from: number, to: number) {
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
  }

  /**
   * The `count` numbers of an array that is flat, or nested as `shape` says; undefined when it is not that, or
   * when `JSON.parse` would do better. With `single` they are FP32, rounded from what may be another double than
   * `JSON.parse` makes of the number where both are the same FP32. Numbers out of range are infinite.
   */
  read(shape: readonly number[], count: number, single: boolean): Floats | undefined {
    // Each takes a digit, and a comma or a bracket.
    if (count > (this.#to - this.#from) / 2) return undefined;
    const bytes = this.#bytes;
    const numbers = single ? new Float32Array(count) : new Float64Array(count);
    const nested = shape.length > 1 && bytes[pastSpace(bytes, this.#from + 1)] === Byte.OPEN;
    const end = nested
      ? readLevel({ bytes, numbers, shape, single }, 0, this.#from, 0)
      : readRow(bytes, this.#from, numbers, 0, count, single);
    return end === this.#to ? numbers : undefined;
  }
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const NONE = -1;

interface Nested {
  readonly bytes: Buffer;
  readonly numbers: Floats;
  readonly shape: readonly number[];
  readonly single: boolean;
}

/** Where the array of `shape[depth]` elements at `at` ends, NONE when there is no such array. */
function readLevel(nested: Nested, depth: number, at: number, filled: number): number {
  const { bytes, shape } = nested;
  const length = shape[depth] ?? 0;
  if (depth === shape.length - 1) return readRow(bytes, at, nested.numbers, filled, length, nested.single);
  let size = 1;
  for (let i = depth + 1; i < shape.length; i++) size *= shape[i] ?? 0;
  if (bytes[at] !== Byte.OPEN) return NONE;
  at++;
  for (let i = 0; i < length; i++) {
    at = readLevel(nested, depth + 1, pastSpace(bytes, at), filled + i * size);
    if (at === NONE) return NONE;
    at = pastSpace(bytes, at);
    if (i < length - 1 && bytes[at++] !== Byte.COMMA) return NONE;
  }
  at = pastSpace(bytes, at);
  return bytes[at] === Byte.CLOSE ? at + 1 : NONE;
}

/** Where the array of `count` numbers at `at` ends, NONE when there is no such array. */
function readRow(
  bytes: Buffer,
  at: number,
  numbers: Floats,
  filled: number,
  count: number,
  single: boolean,
): number {
  if (bytes[at] !== Byte.OPEN) return NONE;
  at++;
  for (let n = 0; n < count; n++) {
    at = pastSpace(bytes, at);
    const begin = at;
    const negative = bytes[at] === Byte.MINUS;
    if (negative) at++;
    let digit = (bytes[at] ?? 0) - Byte.ZERO;
    if (!(digit >= 0 && digit <= 9)) return NONE;
    // The digits as one integer, how many of them count, and how many are behind the point.
    let integer = 0;
    let digits = 0;
    let behind = 0;
    if (digit === 0) {
      at++;
    } else {
      const first = at;
      do {
        integer = integer * 10 + digit;
        digit = (bytes[++at] ?? 0) - Byte.ZERO;
      } while (digit >= 0 && digit <= 9);
      digits = at - first;
    }
    if (bytes[at] === Byte.POINT) {
      const first = ++at;
      digit = (bytes[at] ?? 0) - Byte.ZERO;
      if (!(digit >= 0 && digit <= 9)) return NONE;
      if (digits === 0) while (digit === 0) digit = (bytes[++at] ?? 0) - Byte.ZERO;
      const counting = at;
      while (digit >= 0 && digit <= 9) {
        integer = integer * 10 + digit;
        digit = (bytes[++at] ?? 0) - Byte.ZERO;
      }
      digits += at - counting;
      behind = at - first;
    }
    let power = -behind;
    if (bytes[at] === Byte.LOWER_E || bytes[at] === Byte.UPPER_E) {
      const sign = bytes[++at];
      if (sign === Byte.MINUS || sign === Byte.PLUS) at++;
      digit = (bytes[at] ?? 0) - Byte.ZERO;
      if (!(digit >= 0 && digit <= 9)) return NONE;
      let exponent = 0;
      do {
        exponent = exponent * 10 + digit;
        digit = (bytes[++at] ?? 0) - Byte.ZERO;
      } while (digit >= 0 && digit <= 9);
      power += sign === Byte.MINUS ? -exponent : exponent;
    }
    let number = NaN;
    if (power >= -GREATEST_POWER && power <= GREATEST_POWER) {
      // One rounding of exact operands is the nearest double; more than one is near it.
      number = power < 0 ? integer / (POWERS_OF_TEN[-power] ?? NaN) : integer * (POWERS_OF_TEN[power] ?? NaN);
      if (integer >= EXACT_BELOW && !(single && digits <= DIGITS_WITHIN_MARGIN && isSettled(number))) {
        number = NaN;
      }
    }
    if (Number.isNaN(number)) {
      // A number of many digits costs more here than there: where doubles are wanted they tend to be many.
      if (!single) return NONE;
      number = Math.abs(Number(bytes.toString('latin1', begin, at)));
    }
    numbers[filled + n] = negative ? -number : number;
    at = pastSpace(bytes, at);
    if (n < count - 1 && bytes[at++] !== Byte.COMMA) return NONE;
  }
  at = pastSpace(bytes, at);
  return bytes[at] === Byte.CLOSE ? at + 1 : NONE;
}

/** Whether all doubles as near as the margin round to the same FP32. */
function isSettled(number: number): boolean {
  return Math.fround(number * (1 - MARGIN)) === Math.fround(number * (1 + MARGIN));
}

function pastSpace(bytes: Buffer, at: number): number {
  let byte = bytes[at];
  while (byte === Byte.SPACE || byte === Byte.LINE_FEED || byte === Byte.RETURN || byte === Byte.TAB)
    byte = bytes[++at];
  return at;
}
