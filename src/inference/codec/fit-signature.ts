import type { TensorSignature } from '../signature';
import { DataFault, shapeText } from './data-fault';
import type { Datatype } from '../datatype';

/**
 * Whether a tensor is one that the model takes there. A model's shape of no dimensions is a scalar or a rank
 * left open, which ONNX Runtime does not tell apart: any shape passes.
 *
 * @throws DataFault at `datatype` or `shape`.
 */
export function requireFit(signature: TensorSignature, datatype: Datatype, shape: readonly number[]): void {
  if (datatype !== signature.datatype) {
    throw new DataFault('datatype', `got ${datatype}, expected ${signature.datatype}`);
  }
  const expected = signature.shape;
  if (expected.length === 0) return;
  let fits = shape.length === expected.length;
  for (let i = 0; fits && i < expected.length; i++) {
    fits = expected[i] === -1 || expected[i] === shape[i];
  }
  if (!fits) {
    const free = expected.includes(-1) ? ' (-1: any length)' : '';
    throw new DataFault('shape', `got ${shapeText(shape)}, expected ${shapeText(expected)}${free}`);
  }
}
