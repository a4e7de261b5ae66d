import { ARRAY_KINDS, elementCount, type NumericArray, type Tensor } from '../codec/tensor';
import type { TensorSignature } from '../signature';

/** One row of zeros or ones for every input, each free dimension taken as 1; text is empty or `1`. */
export function constantRow(inputs: readonly TensorSignature[], value: 0 | 1): ReadonlyMap<string, Tensor> {
  return new Map(inputs.map((input) => [input.name, constantTensor(input, value)]));
}

function constantTensor({ datatype, shape: declared }: TensorSignature, value: 0 | 1): Tensor {
  const shape = declared.map((dimension) => Math.abs(dimension));
  const count = elementCount(shape);
  if (datatype === 'BYTES') {
    return { datatype, shape, data: new Array<string>(count).fill(value === 0 ? '' : '1') };
  }
  const data = new ARRAY_KINDS[datatype](count);
  if (value === 1) fillOnes(data, datatype === 'FP16');
  return { datatype, shape, data };
}

const HALF_ONE = 0x3c00;

function fillOnes(data: NumericArray, halves: boolean): void {
  for (let i = 0; i < data.length; i++) {
    data[i] = data instanceof BigInt64Array || data instanceof BigUint64Array ? 1n : halves ? HALF_ONE : 1;
  }
}
