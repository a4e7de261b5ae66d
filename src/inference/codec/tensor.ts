import { ELEMENT_BYTES, type Datatype } from '../datatype';

/** The array kind that ONNX Runtime takes for a datatype; FP16 as bits, BOOL as 0 and 1. */
export type NumericArray =
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

export type NumericDatatype = Exclude<Datatype, 'BYTES'>;

export interface NumericTensor {
  readonly datatype: NumericDatatype;
  readonly shape: readonly number[];
  /**
   * Row-major. The datatype's own array kind, or a `Uint8Array` of its little-endian bytes where they lie in a
   * request at an address that the kind does not allow; {@link numbersOf} tells them apart.
   */
  readonly data: NumericArray;
}

export interface TextTensor {
  readonly datatype: 'BYTES';
  readonly shape: readonly number[];
  /** Well-formed Unicode. */
  readonly data: readonly string[];
}

export type Tensor = NumericTensor | TextTensor;

interface ArrayKind {
  new (length: number): NumericArray;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): NumericArray;
}

export const ARRAY_KINDS: Readonly<Record<NumericDatatype, ArrayKind>> = {
  BOOL: Uint8Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/** Elements of a tensor of that shape; Infinity or inexact beyond 2^53. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/** The values of a tensor in the datatype's own array kind; copies only bytes that are not aligned. */
export function numbersOf(tensor: NumericTensor): NumericArray {
  const { data, datatype } = tensor;
  const size = ELEMENT_BYTES[datatype];
  if (data.BYTES_PER_ELEMENT === size) return data;
  const numbers = new ARRAY_KINDS[datatype](data.byteLength / size);
  bytesOf(numbers).set(bytesOf(data));
  return numbers;
}

export function bytesOf(data: NumericArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Tensors of one datatype and equal trailing dimensions as one, joined along the first dimension. */
export function joinRows(parts: readonly Tensor[], rows: number): Tensor {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to join');
  if (parts.length === 1) return first;
  const shape = [rows, ...first.shape.slice(1)];
  if (first.datatype === 'BYTES') {
    const data: string[] = [];
    for (const part of parts) {
      if (part.datatype === 'BYTES') for (const text of part.data) data.push(text);
    }
    return { datatype: 'BYTES', shape, data };
  }
  const data = new ARRAY_KINDS[first.datatype](elementCount(shape));
  let at = 0;
  for (const part of parts) {
    if (part.datatype === 'BYTES') continue;
    if (part.data.BYTES_PER_ELEMENT === data.BYTES_PER_ELEMENT) {
      setNumbers(data, part.data, at);
    } else {
      bytesOf(data).set(bytesOf(part.data), at * data.BYTES_PER_ELEMENT);
    }
    at += elementCount(part.shape);
  }
  return { datatype: first.datatype, shape, data };
}

/** Rows `from` to `to` of a tensor with at least one dimension: a view for numbers, a copy for text. */
export function sliceRows(tensor: Tensor, from: number, to: number): Tensor {
  const shape = tensor.shape.slice();
  shape[0] = 1;
  const row = elementCount(shape);
  shape[0] = to - from;
  return tensor.datatype === 'BYTES'
    ? { datatype: 'BYTES', shape, data: tensor.data.slice(from * row, to * row) }
    : { datatype: tensor.datatype, shape, data: tensor.data.subarray(from * row, to * row) };
}

function setNumbers(target: NumericArray, source: NumericArray, at: number): void {
  // Both are of one kind, which the type of `set` on a union of kinds cannot express.
  (target as Float64Array).set(source as Float64Array, at);
}
