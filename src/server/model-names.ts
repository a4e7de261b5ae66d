import { RequestError } from '../errors';
import { unknownModel, type DataPlane } from '../handlers/data-plane';
import { isName, NAME_RULE, shown } from '../names';

/** The parameters of a model's routes, percent-decoded. */
export interface ModelParams {
  readonly model: string;
  readonly version?: string;
}

/**
 * Refuses what cannot be a name before anything behind the transport sees it.
 * @throws RequestError UNKNOWN_MODEL (naming those there are) or UNKNOWN_VERSION.
 */
export function checkNames(plane: DataPlane, params: ModelParams): void {
  const { model, version } = params;
  if (!isName(model)) throw unknownModel(model, plane.models());
  if (version !== undefined && !isName(version)) {
    // Also tells of a model that there is not.
    plane.modelReady(model);
    throw new RequestError(
      'UNKNOWN_VERSION',
      `model ${model} has no version ${shown(version)} (a version is ${NAME_RULE})`,
    );
  }
}
