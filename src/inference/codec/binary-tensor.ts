import { isUtf8 } from 'node:buffer';
import { ELEMENT_BYTES, type Datatype } from '../datatype';
import { DataFault, shapeText } from './data-fault';
import { ARRAY_KINDS, bytesOf, elementCount, numbersOf, type NumericArray, type Tensor } from './tensor';

/**
 * The binary tensor extension of the Open Inference Protocol: little-endian elements back to back; BYTES with
 * four bytes of length before each element.
 */

/**
 * The tensor that `bytes` hold; its numbers stay where they are. @throws DataFault at `parameters.binary_data_size`
 * when their size is wrong, at `data[i]` for an element that is none.
 */
export function tensorFromBytes(
  datatype: Datatype,
  shape: readonly number[],
  bytes: Buffer<ArrayBuffer>,
): Tensor {
  const count = elementCount(shape);
  if (datatype === 'BYTES') return { datatype, shape, data: textsFrom(bytes, shape, count) };
  const size = ELEMENT_BYTES[datatype];
  if (bytes.byteLength !== count * size) {
    throw new DataFault(
      'parameters.binary_data_size',
      `got ${bytes.byteLength} bytes, expected ${count * size}: ${count} elements of ${size}, as shape ${shapeText(shape)} and ${datatype} say`,
    );
  }
  if (datatype === 'BOOL') requireBooleans(bytes);
  const data: NumericArray =
    bytes.byteOffset % size === 0
      ? new ARRAY_KINDS[datatype](bytes.buffer, bytes.byteOffset, count)
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { datatype, shape, data };
}

/** The bytes of a tensor: a view of its numbers, a fresh buffer for text. */
export function bytesFromTensor(tensor: Tensor): Uint8Array {
  if (tensor.datatype !== 'BYTES') return bytesOf(numbersOf(tensor));
  let size = 0;
  for (const text of tensor.data) size += 4 + Buffer.byteLength(text, 'utf8');
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of tensor.data) {
    const length = bytes.write(text, at + 4, 'utf8');
    at = bytes.writeUInt32LE(length, at) + length;
  }
  return bytes;
}

function textsFrom(bytes: Buffer, shape: readonly number[], count: number): string[] {
  // Each element takes four bytes at the least: no loop beyond what the bytes can hold.
  if (count * 4 > bytes.byteLength) {
    throw new DataFault(
      'parameters.binary_data_size',
      `got ${bytes.byteLength} bytes, too few for the ${count} lengths of 4 bytes that shape ${shapeText(shape)} asks for`,
    );
  }
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = at + 4 <= bytes.byteLength ? bytes.readUInt32LE(at) : undefined;
    if (length === undefined || at + 4 + length > bytes.byteLength) {
      const left = Math.max(0, bytes.byteLength - at - 4);
      throw new DataFault(
        `data[${i}]`,
        length === undefined
          ? `got ${bytes.byteLength - at} bytes, expected a length of 4 bytes`
          : `got ${left} bytes, expected the ${length} that its length says`,
      );
    }
    const element = bytes.subarray(at + 4, at + 4 + length);
    if (!isUtf8(element) || element.includes(0)) {
      throw new DataFault(
        `data[${i}]`,
        'got bytes that are not UTF-8 text without NUL characters, which ONNX Runtime cannot hold',
      );
    }
    texts.push(element.toString('utf8'));
    at += 4 + length;
  }
  if (at !== bytes.byteLength) {
    throw new DataFault(
      'parameters.binary_data_size',
      `got ${bytes.byteLength} bytes, expected ${at}: the ${count} elements end there`,
    );
  }
  return texts;
}

function requireBooleans(bytes: Buffer): void {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 1) throw new DataFault(`data[${i}]`, `got ${byte}, expected 0 or 1`);
  }
}
