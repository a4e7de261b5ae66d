/** ONNX models of a few nodes, written as bytes by the tests that need an odd one (onnx.proto, IR version 9). */

export interface OnnxValue {
  readonly name: string;
  /** Number of `TensorProto.DataType`. */
  readonly type: number;
  /** Text: a free dimension of that name, '' for one without. Undefined: even the rank is open. */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number>>;
}

export interface OnnxConstant {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  /** Or the name of a file that the values are said to be in. */
  readonly data: ArrayBufferView | string;
}

export const FLOAT = 1;
export const INT64 = 7;
export const BFLOAT16 = 16;

export function onnxFile(model: {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly constants?: readonly OnnxConstant[];
}): Buffer {
  const graph = Buffer.concat([
    ...model.nodes.map((one) => bytes(1, node(one))),
    text(2, 'graph'),
    ...(model.constants ?? []).map((one) => bytes(5, constant(one))),
    ...model.inputs.map((one) => bytes(11, value(one))),
    ...model.outputs.map((one) => bytes(12, value(one))),
  ]);
  return Buffer.concat([integer(1, 9), bytes(7, graph), bytes(8, integer(2, 17))]);
}

function node({ op, inputs, outputs, ints = {} }: OnnxNode): Buffer {
  const attributes = Object.entries(ints).map(([name, i]) =>
    bytes(5, Buffer.concat([text(1, name), integer(3, i), integer(20, 2)])),
  );
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...attributes,
  ]);
}

function value({ name, type, shape }: OnnxValue): Buffer {
  const dimensions = (shape ?? []).map((one) =>
    bytes(1, typeof one === 'number' ? integer(1, one) : text(2, one)),
  );
  const tensor = Buffer.concat([
    integer(1, type),
    ...(shape === undefined ? [] : [bytes(2, Buffer.concat(dimensions))]),
  ]);
  return Buffer.concat([text(1, name), bytes(2, bytes(1, tensor))]);
}

function constant({ name, type, shape, data }: OnnxConstant): Buffer {
  const held =
    typeof data === 'string'
      ? [bytes(13, Buffer.concat([text(1, 'location'), text(2, data)])), integer(14, 1)]
      : [bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength))];
  return Buffer.concat([...shape.map((one) => integer(1, one)), integer(2, type), text(8, name), ...held]);
}

function text(field: number, content: string): Buffer {
  return bytes(field, Buffer.from(content));
}

function bytes(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function integer(field: number, content: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(content)]);
}

function varint(content: number): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(content));
  do {
    out.push(Number(rest & 127n) + (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(out);
}
