import { RequestError } from '../errors';
import type { InferenceAnswer, InferenceRequest } from '../inference/inference-request';
import { isName, NAME_RULE, shown } from '../names';

export type { InferenceAnswer, InferenceRequest };
export { RequestBody } from '../inference/request-body';

/** Everything that a transport asks of the models behind it; the transport adds its protocol and nothing else. */
export interface DataPlane {
  /**
   * One prediction. Rejects with a RequestError only: UNKNOWN_MODEL (naming those there are), UNKNOWN_VERSION,
   * NOT_READY, BAD_INPUT, QUEUE_FULL, DEADLINE_EXCEEDED, CLIENT_GONE, INTERNAL.
   */
  infer(model: string, request: InferenceRequest): Promise<InferenceAnswer>;

  /** The models that can be asked for, served or failed, in order of name. */
  models(): readonly string[];

  /** @throws RequestError UNKNOWN_MODEL (naming those there are), UNKNOWN_VERSION, NOT_READY. */
  metadata(model: string, version?: string): ModelMetadata;

  /** Whether `infer` would find a version to run. @throws RequestError UNKNOWN_MODEL, UNKNOWN_VERSION. */
  modelReady(model: string, version?: string): boolean;

  /** Why this replica should be sent no requests at present, in words; undefined: it should. */
  unready(): string | undefined;
}

/** The `$metadata_model_response` of the Open Inference Protocol. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** `datatype` is the protocol's word (`FP32`), -1 in `shape` a dimension that is free. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** UNKNOWN_MODEL, with the names that there are; of a text that can name none it says that as well. */
export function unknownModel(name: string, served: readonly string[]): RequestError {
  const rule = isName(name) ? '' : ` (a name is ${NAME_RULE})`;
  const there = served.length === 0 ? 'no model is served' : `served are: ${served.join(', ')}`;
  return new RequestError('UNKNOWN_MODEL', `there is no model ${shown(name)}${rule}; ${there}`);
}
