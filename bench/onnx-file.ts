import { writeFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** The part of onnx.proto (github.com/onnx/onnx, IR version 9) that a multi-layer perceptron needs. */
const ONNX_PROTO = `
syntax = "proto3";
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto {
  repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { TensorType tensor_type = 1; message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; } }
message TensorShapeProto { repeated Dimension dim = 1; message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } } }
`;
const FLOAT = 1;
const INT64 = 7;
const modelProto = protobuf.parse(ONNX_PROTO, { keepCase: true }).root.lookupType('ModelProto');

/**
 * Writes a perceptron with the layer widths `widths` (784-512-512-10, say): `input` FP32 [N, first], `output`
 * FP32 [N, last], ReLU between the layers. Weights are the same for the same widths; `bias` is added to every
 * element of the output, so that two versions with different biases can be told apart by any answer.
 */
export function writePerceptron(path: string, widths: readonly number[], bias: number): void {
  const initializer: object[] = [];
  const node: object[] = [];
  let from = 'input';
  for (let layer = 1; layer < widths.length; layer += 1) {
    const [rows, columns] = [widths[layer - 1] ?? 0, widths[layer] ?? 0];
    const last = layer === widths.length - 1;
    const summed = last ? 'output' : `sum${layer}`;
    initializer.push(tensor(`weight${layer}`, [rows, columns], weights(rows * columns, 1 / Math.sqrt(rows))));
    initializer.push(tensor(`bias${layer}`, [columns], new Float32Array(columns).fill(last ? bias : 0)));
    node.push({ op_type: 'MatMul', input: [from, `weight${layer}`], output: [`product${layer}`] });
    node.push({ op_type: 'Add', input: [`product${layer}`, `bias${layer}`], output: [summed] });
    if (!last) node.push({ op_type: 'Relu', input: [summed], output: [`hidden${layer}`] });
    from = `hidden${layer}`;
  }
  writeGraph(path, { node, initializer, from: widths[0] ?? 0, to: widths.at(-1) ?? 0 });
}

/** A graph of the nodes in `node` from `input` FP32 [N, from] to `output` FP32 [N, to]. */
export interface Graph {
  readonly node: readonly object[];
  readonly initializer: readonly object[];
  readonly from: number;
  readonly to: number;
}

export function writeGraph(path: string, { node, initializer, from, to }: Graph): void {
  const model = {
    ir_version: 9,
    producer_name: 'zooserve-bench',
    opset_import: [{ domain: '', version: 17 }],
    graph: { name: 'bench', node, initializer, input: [value('input', from)], output: [value('output', to)] },
  };
  writeFileSync(path, modelProto.encode(modelProto.fromObject(model)).finish());
}

/** One number, as operators take an axis. */
export function axis(name: string, number: number): object {
  const raw = Buffer.from(BigInt64Array.of(BigInt(number)).buffer);
  return { name, dims: [1], data_type: INT64, raw_data: raw };
}

export function tensor(name: string, dims: readonly number[], data: Float32Array): object {
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims, data_type: FLOAT, raw_data: raw };
}

function value(name: string, width: number): object {
  const dim = [{ dim_param: 'N' }, { dim_value: width }];
  return { name, type: { tensor_type: { elem_type: FLOAT, shape: { dim } } } };
}

/** Numbers in (-scale, scale) from a linear congruential generator (Numerical Recipes' constants), seed 1. */
export function weights(count: number, scale: number): Float32Array {
  const values = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = (state / 2 ** 31 - 1) * scale;
  }
  return values;
}
