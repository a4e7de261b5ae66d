import type { RequestError } from '../../errors';
import type { RequestPlan } from '../codec/request-plan';
import type { Tensor } from '../codec/tensor';
import type { NamedTensors } from './named-tensors';

/** One request on its way through the worker. What a stage finds out is written here; a `failure` ends it. */
export interface InferenceJob {
  readonly plan: RequestPlan;
  readonly params: Readonly<Record<string, unknown>>;
  /** The request's own tensors, for `handler.js`; undefined when there is none. */
  readonly given: NamedTensors | undefined;
  /** The model's inputs in the model's order, once preprocessed. */
  inputs: ReadonlyMap<string, Tensor>;
  /** Model outputs that are wanted; undefined: all. */
  readonly wanted: readonly string[] | undefined;
  outputs: ReadonlyMap<string, Tensor>;
  failure: RequestError | undefined;
}
