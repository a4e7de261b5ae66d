import { RequestError } from '../errors';
import type { InferenceAnswer, InferenceRequest } from '../inference/inference-request';
import { unknownModel } from './data-plane';
import type { ServedModel } from './served-model';
import type { ServedModels } from './served-models';

/**
 * A request is answered by the version that served when it arrived, or by the resident one that it names. RequestError,
 * with the reason where the version that should answer is quarantined and nothing stands in for it.
 */
export function predict(
  served: ServedModels,
  model: string,
  inference: InferenceRequest,
): Promise<InferenceAnswer> {
  const { slot, observed } = servedModel(served, model);
  if (slot.serving === undefined && inference.version === undefined) {
    const { error } = observed.record;
    if (error?.code === 'QUARANTINED') {
      return Promise.reject(
        new RequestError('NOT_READY', `model ${model} serves no version: ${error.message}`),
      );
    }
  }
  return slot.infer(inference);
}

/** The model called `name`. @throws RequestError UNKNOWN_MODEL, with the names that there are. */
export function servedModel(served: ServedModels, name: string): ServedModel {
  const found = served.find(name);
  if (found !== undefined) return found;
  throw unknownModel(name, served.names);
}
