import { openRegistry } from '../registry/open-registry';
import { promote } from '../registry/promote';
import { CONNECTION_SETTINGS } from '../settings';
import { author } from './author';
import type { RunCommand } from './invocation';
import { knownVersions, requireKnown } from './known-version';
import { modelOperand, versionOperand } from './names';
import { changeLine } from './change-line';
import { followed } from './wait';

/** `zooserve promote <model> <version>` */
export const run: RunCommand = async (invocation) => {
  const model = modelOperand(invocation);
  const version = versionOperand(invocation);
  const { reason, terminal } = invocation;
  const { models } = invocation.settings(['models']);
  await using registry = await openRegistry(invocation.settings(CONNECTION_SETTINGS));
  if (!invocation.isOn('--force')) {
    requireKnown(model, version, await knownVersions(registry, models, model), models);
  }
  const change = await promote(registry.session, registry.paths, { model, version, by: author(), reason });
  terminal.print(changeLine(change));
  return await followed(invocation, registry, change, 'version');
};
