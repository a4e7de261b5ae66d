import { axis, tensor, weights, writeGraph } from './onnx-file';

const INPUT = 256;
const INNER = 1024;
const TOKENS = 128;
const LAYERS = 2;
const OUTPUT = 10;

/** Numbers that a request of {@link writeTokenModel} has. */
export const TOKEN_MODEL_INPUT = INPUT;

/**
 * Writes a model whose runs cost what those of real ones do, some milliseconds for each row, with requests that are
 * small: a row of 256 numbers becomes 128 tokens, which go through the dense layers of a small transformer, 0.27 GFLOP.
 * Each row alone is work enough for the matrix products, so that a batch of many takes as many times as long. `bias` as for
 * a perceptron.
 */
export function writeTokenModel(path: string, bias: number): void {
  const initializer = [
    axis('second', 1),
    tensor('tokens', [1, TOKENS, INPUT], weights(TOKENS * INPUT, 1)),
    tensor('mean', [1, TOKENS], new Float32Array(TOKENS).fill(1 / TOKENS)),
    tensor('head', [INPUT, OUTPUT], weights(INPUT * OUTPUT, 1 / Math.sqrt(INPUT))),
    tensor('bias', [OUTPUT], new Float32Array(OUTPUT).fill(bias)),
  ];
  const node: object[] = [
    { op_type: 'Unsqueeze', input: ['input', 'second'], output: ['row'] },
    { op_type: 'Add', input: ['row', 'tokens'], output: ['hidden0'] },
  ];
  for (let layer = 1; layer <= LAYERS; layer += 1) {
    initializer.push(
      tensor(`up${layer}`, [INPUT, INNER], weights(INPUT * INNER, 1 / Math.sqrt(INPUT))),
      tensor(`down${layer}`, [INNER, INPUT], weights(INNER * INPUT, 1 / Math.sqrt(INNER))),
    );
    node.push(
      { op_type: 'MatMul', input: [`hidden${layer - 1}`, `up${layer}`], output: [`wide${layer}`] },
      { op_type: 'Relu', input: [`wide${layer}`], output: [`active${layer}`] },
      { op_type: 'MatMul', input: [`active${layer}`, `down${layer}`], output: [`hidden${layer}`] },
    );
  }
  node.push(
    { op_type: 'MatMul', input: ['mean', `hidden${LAYERS}`], output: ['pooled'] },
    { op_type: 'Squeeze', input: ['pooled', 'second'], output: ['features'] },
    { op_type: 'MatMul', input: ['features', 'head'], output: ['scores'] },
    { op_type: 'Add', input: ['scores', 'bias'], output: ['output'] },
  );
  writeGraph(path, { node, initializer, from: INPUT, to: OUTPUT });
}
