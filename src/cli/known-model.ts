import type { Registry } from '../registry/open-registry';
import { mentionedModels } from '../registry/read-fleet';

/** Throws, naming the models there are, when nothing below the root speaks of `model`. */
export async function requireModel({ session, paths }: Registry, model: string): Promise<void> {
  const models = await mentionedModels(session, paths);
  if (models.includes(model)) return;
  const there = models.length === 0 ? 'there is none yet' : `there are: ${models.join(', ')}`;
  throw new Error(`there is no model ${model} below ${paths.root}; ${there}`);
}
