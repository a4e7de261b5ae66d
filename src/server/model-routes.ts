import { RequestError } from '../errors';
import type { DataPlane } from '../handlers/data-plane';
import type { AnswerWriter } from './http-answer';
import { checkNames, type ModelParams } from './model-names';
import type { RouteHandler, Router } from './router';

/** Metadata and readiness of one model, as in the Open Inference Protocol. */
export function modelRoutes(router: Router, plane: DataPlane, answers: AnswerWriter): void {
  const metadata: RouteHandler<ModelParams> = (_request, response, params) => {
    checkNames(plane, params);
    const { name, versions, platform, inputs, outputs } = plane.metadata(params.model, params.version);
    answers.json(response, 200, { name, versions, platform, inputs, outputs });
  };

  const ready: RouteHandler<ModelParams> = (_request, response, params) => {
    const { model, version } = params;
    checkNames(plane, params);
    if (!plane.modelReady(model, version)) {
      const which = version === undefined ? '' : ` version ${version}`;
      throw new RequestError('NOT_READY', `model ${model}${which} is not ready`);
    }
    answers.json(response, 200, { name: model, ready: true });
  };

  router.getModel('/v2/models/:model', metadata);
  router.getModel('/v2/models/:model/versions/:version', metadata);
  router.getModel('/v2/models/:model/ready', ready);
  router.getModel('/v2/models/:model/versions/:version/ready', ready);
}
