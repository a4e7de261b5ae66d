import type { Committed } from '../registry/commit-change';
import type { Registry } from '../registry/open-registry';
import { promote } from '../registry/promote';
import { readHistory } from '../registry/read-history';
import { rollback } from '../registry/rollback';
import { author } from './author';
import { changeLine } from './change-line';
import { connect } from './connect';
import type { Invocation, RunCommand } from './invocation';
import { knownVersions, requireKnown } from './known-version';
import { modelOperand, named } from './names';
import { followed } from './wait';

/** `zooserve rollback <model> [version]` */
export const run: RunCommand = async (invocation) => {
  const model = modelOperand(invocation);
  const given = invocation.optionalOperand('version');
  const version = given === undefined ? undefined : named('version', given);
  await using registry = await connect(invocation);
  const { session, paths } = registry;
  const request = { model, by: author(), reason: invocation.reason };
  let change: Committed;
  if (version === undefined) {
    change = await rollback(session, paths, request);
  } else {
    await requireKnownOrServed(invocation, registry, model, version);
    change = await promote(session, paths, { ...request, version }, 'rollback');
  }
  invocation.terminal.print(changeLine(change));
  return await followed(invocation, registry, change, 'version');
};

/** What was promoted once may be gone from the catalog and from this machine; going back to it is no mistake. */
async function requireKnownOrServed(
  invocation: Invocation,
  registry: Registry,
  model: string,
  version: string,
): Promise<void> {
  if (invocation.isOn('--force')) return;
  const { models } = invocation.settings(['models']);
  const history = await readHistory(registry.session, registry.paths, model);
  if (history.some((entry) => entry.kind !== 'config' && (entry.to === version || entry.from === version)))
    return;
  requireKnown(model, version, await knownVersions(registry, models, model), models);
}
