import type { InferenceAnswer, InferenceRequest } from '../../src/inference/inference-request';

/** One model served by a simple design, to be measured beside ours. */
export interface NaiveModel {
  /** Makes `version` the one that answers, in whatever way the design has. One call at a time. */
  follow(version: string, stamp: string): Promise<void>;
  infer(request: InferenceRequest): Promise<InferenceAnswer>;
}
