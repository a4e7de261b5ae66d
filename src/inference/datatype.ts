/** The tensor datatypes of the Open Inference Protocol that ONNX Runtime for Node.js can hold. */
export const DATATYPES = [
  'BOOL',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const;
export type Datatype = (typeof DATATYPES)[number];

/** ONNX Runtime's own names, as `session.inputMetadata[].type` and `new Tensor(type, ...)` have them. */
export const ORT_TYPES = {
  BOOL: 'bool',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Record<Datatype, string>;

/** Bytes of one element in the binary tensor extension; BYTES has a length before each element instead. */
export const ELEMENT_BYTES = {
  BOOL: 1,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
} as const satisfies Record<Exclude<Datatype, 'BYTES'>, number>;

const BY_ORT_TYPE: ReadonlyMap<string, Datatype> = new Map(
  DATATYPES.map((datatype) => [ORT_TYPES[datatype], datatype]),
);

export function isDatatype(text: string): text is Datatype {
  return Object.hasOwn(ORT_TYPES, text);
}

/**
 * The datatype that ONNX Runtime calls `type`, or undefined for one that has no place in the protocol (int4, complex,
 * ...).
 */
export function datatypeOf(type: string): Datatype | undefined {
  return BY_ORT_TYPE.get(type);
}
