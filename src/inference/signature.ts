import type { Datatype } from './datatype';

/** One input or output of a model. */
export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1: that dimension is free. Empty: a scalar, or a rank that the model leaves open. */
  readonly shape: readonly number[];
}

/** What a model takes and gives, in the model's own order. */
export interface ModelSignature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** Requests may be run together, joined along the first dimension. */
  readonly batchable: boolean;
}
