import { RequestError } from '../errors';
import type { InferenceAnswer, InferenceRequest } from '../inference/inference-request';
import type { RequestHandler } from './event-handler';
import type { ServedModel } from './served-model';
import type { ServedModels } from './served-models';

export interface PredictRequest {
  readonly model: string;
  /** Handed on as it is: a copy for every request would cost more than the rest of this file. */
  readonly inference: InferenceRequest;
}

/** A request is answered by the version that served when it arrived, or by the resident one that it names. */
export const predict: RequestHandler<ServedModels, PredictRequest, InferenceAnswer> = {
  name: 'predict',
  trigger: { kind: 'request' },
  run: ({ model, inference }, served) => servedModel(served, model).slot.infer(inference),
};

/** The model called `name`, or UNKNOWN_MODEL with the names that there are. */
export function servedModel(served: ServedModels, name: string): ServedModel {
  const found = served.find(name);
  if (found !== undefined) return found;
  const names = served.names;
  const there = names.length === 0 ? 'no model is served' : `served are: ${names.join(', ')}`;
  throw new RequestError('UNKNOWN_MODEL', `there is no model ${JSON.stringify(name)}; ${there}`);
}
