import type { Datatype } from '../datatype';
import { ARRAY_KINDS, elementCount, type NumericDatatype, type Tensor } from '../codec/tensor';
import type { TensorSignature } from '../signature';

/**
 * `SMALL` and `LARGE` differ in every element and, where a type allows it, by a factor of 100 or more; their elements differ
 * among themselves, too. Wide integers may be indices of a table that has two entries, so that they are 0 and 1.
 */
export type Sample = 'ZEROS' | 'ONES' | 'SMALL' | 'LARGE';

const TEXTS: Readonly<Record<Sample, string>> = { ZEROS: '', ONES: '1', SMALL: '1', LARGE: '20' };
const FACTOR = 512;

/** One row for every input, each free dimension taken as 1. */
export function sampleRow(inputs: readonly TensorSignature[], sample: Sample): ReadonlyMap<string, Tensor> {
  return new Map(inputs.map((input) => [input.name, sampleTensor(input, sample)]));
}

function sampleTensor({ datatype, shape: declared }: TensorSignature, sample: Sample): Tensor {
  const shape = declared.map((dimension) => Math.abs(dimension));
  const count = elementCount(shape);
  if (datatype === 'BYTES') {
    return { datatype, shape, data: new Array<string>(count).fill(TEXTS[sample]) };
  }
  const data = new ARRAY_KINDS[datatype](count);
  for (let i = 0; i < count; i++) {
    const number = element(datatype, sample, i);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(number);
    else data[i] = datatype === 'FP16' ? halfOf(number) : number;
  }
  return { datatype, shape, data };
}

function element(datatype: NumericDatatype, sample: Sample, i: number): number {
  if (sample === 'ZEROS') return 0;
  if (sample === 'ONES') return 1;
  const large = sample === 'LARGE';
  if (isFloat(datatype)) return ((2 + (i % 7)) / 8) * (large ? FACTOR : 1);
  // Mostly pixels.
  if (datatype === 'INT8' || datatype === 'UINT8') return 1 + (i % 7) + (large ? 119 : 0);
  return (i + (large ? 0 : 1)) % 2;
}

export function isFloat(datatype: Datatype): boolean {
  return datatype === 'FP16' || datatype === 'FP32' || datatype === 'FP64';
}

/** The bits of a number that is 0, or positive and neither too small nor too large for a half and exact in it. */
function halfOf(number: number): number {
  if (number === 0) return 0;
  const bits = new Uint32Array(Float32Array.of(number).buffer)[0] ?? 0;
  return (bits >>> 13) - ((127 - 15) << 10);
}
