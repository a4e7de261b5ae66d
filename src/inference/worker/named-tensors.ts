import { DataFault, describe, isRecord } from '../codec/data-fault';
import { fromHalves } from '../codec/json-array';
import { readShape, tensorFromJson } from '../codec/json-tensor';
import { ARRAY_KINDS, elementCount, numbersOf, type NumericArray, type Tensor } from '../codec/tensor';
import { DATATYPES, isDatatype, type Datatype } from '../datatype';

/**
 * A tensor as `handler.js` sees it. `data` is flat and row-major: the typed array of the datatype (BOOL: bytes of
 * 0 and 1; FP16: the numbers as a Float32Array) or, for BYTES, an array of text.
 */
export interface HandlerTensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: NumericArray | readonly string[];
}

/** By name; the object has no prototype, since names come from requests. */
export type NamedTensors = Readonly<Record<string, HandlerTensor>>;

export function toNamedTensors(tensors: ReadonlyMap<string, Tensor>): NamedTensors {
  // Without a prototype there is nothing that a name could reach but the tensors.
  const named = Object.create(null) as Record<string, HandlerTensor>;
  for (const [name, tensor] of tensors) {
    const { datatype, shape } = tensor;
    const data =
      datatype === 'BYTES'
        ? tensor.data
        : datatype === 'FP16'
          ? fromHalves(numbersOf(tensor))
          : numbersOf(tensor);
    named[name] = { datatype, shape, data };
  }
  return named;
}

/**
 * The tensors that `handler.js` returned. `data` may also be a plain array, flat or nested, of what the datatype
 * takes. @throws DataFault naming the tensor and what is wrong with it.
 */
export function fromNamedTensors(returned: unknown): ReadonlyMap<string, Tensor> {
  if (!isRecord(returned)) {
    throw new DataFault('it', `returned ${describe(returned)}, expected an object of tensors by name`);
  }
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of Object.entries(returned)) {
    try {
      tensors.set(name, fromHandlerTensor(tensor));
    } catch (error) {
      if (!(error instanceof DataFault)) throw error;
      throw new DataFault(`tensor ${JSON.stringify(name)}, ${error.path}`, error.problem);
    }
  }
  return tensors;
}

function fromHandlerTensor(value: unknown): Tensor {
  if (!isRecord(value)) {
    throw new DataFault('itself', `got ${describe(value)}, expected {datatype, shape, data}`);
  }
  const datatype = value['datatype'];
  if (typeof datatype !== 'string' || !isDatatype(datatype)) {
    throw new DataFault('datatype', `got ${describe(datatype)}, expected one of ${DATATYPES.join(', ')}`);
  }
  const shape = readShape(value['shape']);
  const data = value['data'];
  if (!ArrayBuffer.isView(data)) {
    return tensorFromJson(datatype, shape, data, { limit: Infinity, nonFinite: true });
  }
  return fromTypedArray(datatype, shape, data);
}

function fromTypedArray(datatype: Datatype, shape: readonly number[], data: ArrayBufferView): Tensor {
  if (datatype === 'FP16' && data instanceof Float32Array) {
    return tensorFromJson(datatype, shape, Array.from(data), { limit: Infinity, nonFinite: true });
  }
  if (datatype === 'BYTES' || !(data instanceof ARRAY_KINDS[datatype])) {
    const expected = datatype === 'BYTES' ? 'an array of text' : `a ${ARRAY_KINDS[datatype].name}`;
    throw new DataFault('data', `got a ${data.constructor.name}, expected ${expected}`);
  }
  if (!isOwnMemory(data)) {
    throw new DataFault(
      'data',
      `got a ${data.constructor.name} over shared memory, expected one over its own`,
    );
  }
  const count = elementCount(shape);
  if (data.length !== count) {
    throw new DataFault('data', `got ${data.length} elements, expected the ${count} that its shape says`);
  }
  return { datatype, shape, data };
}

/** ONNX Runtime takes no shared memory. */
function isOwnMemory(data: ArrayBufferView): boolean {
  return data.buffer instanceof ArrayBuffer;
}
