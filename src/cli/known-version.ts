import { ModelRepository, naturalOrder } from '../inference/repository';
import { isName } from '../names';
import { catalogVersions } from '../registry/catalog';
import type { Registry } from '../registry/open-registry';

/** The versions of `model` in the catalog and in the repository at `models`, in natural order. */
export async function knownVersions(registry: Registry, models: string, model: string): Promise<string[]> {
  const [published, present] = await Promise.all([
    catalogVersions(registry.session, registry.paths, model),
    new ModelRepository(models).versions(model),
  ]);
  return [...new Set([...published.filter(isName), ...present])].sort(naturalOrder);
}

/** Throws, naming the versions there are, when `version` is none of `known`. */
export function requireKnown(model: string, version: string, known: readonly string[], models: string): void {
  if (known.includes(version)) return;
  const there = known.length === 0 ? 'there is no version of it at all' : `there are: ${known.join(', ')}`;
  throw new Error(
    `version ${version} of ${model} is neither in the catalog nor in ${models}; ${there} (--force goes there anyway)`,
  );
}
