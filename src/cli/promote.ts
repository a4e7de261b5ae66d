import { promote } from '../registry/promote';
import { author } from './author';
import { connect } from './connect';
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
  await using registry = await connect(invocation);
  if (!invocation.isOn('--force')) {
    requireKnown(model, version, await knownVersions(registry, models, model), models);
  }
  const change = await promote(registry.session, registry.paths, { model, version, by: author(), reason });
  terminal.print(changeLine(change));
  return await followed(invocation, registry, change, 'version');
};
