/**
 * Halves, the 16-bit floats of IEEE 754 (binary16), as bits: Node.js 20 has no array kind for them. Thirty lines
 * rather than a library, since every worker would load it: a fifth of the time that a small version takes to
 * be ready.
 */

const INFINITY = 0x7c00;
const QUIET_NAN = 0x7e00;
/** The smallest magnitude that rounds to infinity: halfway between the greatest half and the next. */
export const HALF_BEYOND = 65_520;
const LEAST_NORMAL = 2 ** -14;
/** The step between two halves below the least normal one. */
const LEAST = 2 ** -24;
/** Adding it to a magnitude below 2^51 leaves no room for a fraction: the sum is rounded, ties to even. */
const NO_FRACTION = 2 ** 52;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** The bits of the half nearest to `value`, ties to even, as one rounding of the double. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return QUIET_NAN;
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (magnitude >= HALF_BEYOND) return sign + INFINITY;
  if (magnitude < LEAST_NORMAL) return sign + roundToEven(magnitude / LEAST);
  double[0] = magnitude;
  const exponent = ((words[1] ?? 0) >>> 20) - 1023;
  // 1024 to 2048 steps; 2048 carries into the exponent, as it should.
  const steps = roundToEven(magnitude * 2 ** (10 - exponent));
  return sign + (exponent + 14) * 1024 + steps;
}

/** The number that the bits of a half stand for. */
export function halfValue(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * LEAST;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function roundToEven(magnitude: number): number {
  return magnitude + NO_FRACTION - NO_FRACTION;
}
