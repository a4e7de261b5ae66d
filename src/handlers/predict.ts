import type { InferenceAnswer, InferenceRequest } from '../inference/inference-request';
import { unknownModel } from './data-plane';
import type { ServedModel } from './served-model';
import type { ServedModels } from './served-models';

/** A request is answered by the version that served when it arrived, or by the resident one that it names. */
export function predict(
  served: ServedModels,
  model: string,
  inference: InferenceRequest,
): Promise<InferenceAnswer> {
  return servedModel(served, model).slot.infer(inference);
}

/** The model called `name`. @throws RequestError UNKNOWN_MODEL, with the names that there are. */
export function servedModel(served: ServedModels, name: string): ServedModel {
  const found = served.find(name);
  if (found !== undefined) return found;
  throw unknownModel(name, served.names);
}
