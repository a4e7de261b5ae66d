import { halfValue } from './half-float';
import { numbersOf, type NumericArray, type Tensor } from './tensor';

/**
 * The values of a tensor as a flat JSON array, as `JSON.stringify` writes them: FP32 and FP16 as the doubles
 * that they are exactly, 64-bit integers in plain digits, what is not finite as `"NaN"`, `"Infinity"` and
 * `"-Infinity"`.
 */
export function jsonArray(tensor: Tensor): string {
  if (tensor.datatype === 'BYTES') return JSON.stringify(tensor.data);
  const numbers = numbersOf(tensor);
  switch (tensor.datatype) {
    case 'FP32':
    case 'FP64':
      return floats(numbers);
    case 'FP16':
      return floats(fromHalves(numbers));
    case 'BOOL':
      return booleans(numbers);
    default:
      return `[${numbers.join(',')}]`;
  }
}

/** FP16 bits as the numbers they stand for. */
export function fromHalves(bits: NumericArray): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = halfValue(Number(bits[i]));
  return numbers;
}

function floats(numbers: NumericArray): string {
  // A sum of finite numbers may overflow, so this can only err towards the careful way.
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += Number(numbers[i]);
  if (Number.isFinite(sum)) return `[${numbers.join(',')}]`;
  const texts: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const number = Number(numbers[i]);
    texts.push(Number.isFinite(number) ? String(number) : `"${number}"`);
  }
  return `[${texts.join(',')}]`;
}

function booleans(numbers: NumericArray): string {
  let text = '[';
  for (let i = 0; i < numbers.length; i++) {
    if (i > 0) text += ',';
    text += numbers[i] === 0 ? 'false' : 'true';
  }
  return `${text}]`;
}
