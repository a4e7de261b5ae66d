import type { Logger } from 'pino';
import { errorMessage } from '../errors';
import type { ModelRepository } from '../inference/repository';
import { promote } from '../registry/promote';
import { promotedVersion } from '../registry/promoted-version';
import type { Registry } from '../registry/open-registry';
import { author } from './author';
import { publishVersion } from './publish-version';

/** A model of the repository, and the version that its znode names. */
export interface IntroducedModel {
  readonly model: string;
  readonly live: string;
}

/**
 * Enters every version of `repository` in the catalog and promotes the first version of each model that has no
 * version znode yet. A version that cannot be published is logged and left out. A `handler.js` that is being written may
 * change from one start to the next: only the `model.onnx` is held to the catalog.
 */
export async function introduceModels(
  registry: Registry,
  repository: ModelRepository,
  log: Logger,
): Promise<readonly IntroducedModel[]> {
  const { session, paths } = registry;
  const introduced: IntroducedModel[] = [];
  const models = await repository.models();
  for (const model of models) {
    const versions = await repository.versions(model);
    for (const version of versions) {
      try {
        const { modelPath } = await repository.locate(model, version);
        await publishVersion(registry, repository, {
          ...{ model, version, source: modelPath, by: author() },
          holdsFilesBeside: false,
        });
      } catch (error) {
        log.error({ model, version, error: errorMessage(error) }, 'this version is not in the catalog');
      }
    }
    const [first] = versions;
    const promoted = promotedVersion(await session.get(paths.version(model)));
    if (promoted.kind === 'absent' && first !== undefined) {
      await promote(session, paths, { model, version: first, by: author(), reason: 'zooserve dev' });
    }
    introduced.push({ model, live: promoted.kind === 'version' ? promoted.version : (first ?? '') });
  }
  return introduced;
}
