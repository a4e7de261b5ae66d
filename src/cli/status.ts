import { readFleet, type FleetModel } from '../registry/read-fleet';
import { connect } from './connect';
import { EXIT } from './exit-code';
import type { RunCommand } from './invocation';
import { requireModel } from './known-model';
import { named } from './names';
import { statusRows, STATUS_HEADING } from './status-rows';
import { table } from './table';

/** `zooserve status [model]` */
export const run: RunCommand = async (invocation) => {
  const given = invocation.optionalOperand('model');
  const model = given === undefined ? undefined : named('model', given);
  const { terminal } = invocation;
  await using registry = await connect(invocation);
  if (model !== undefined) await requireModel(registry, model);
  const fleet = await readFleet(registry.session, registry.paths, model);
  if (invocation.isOn('--json')) {
    terminal.print(JSON.stringify(fleet.map(toJson), undefined, 2));
  } else if (fleet.length === 0) {
    terminal.note(`there is no model below ${registry.paths.root} yet: zooserve promote <model> <version>`);
  } else {
    terminal.print(table(terminal, STATUS_HEADING, fleet.flatMap(statusRows)));
  }
  return EXIT.OK;
};

function toJson({ model, promoted, configMzxid, replicas }: FleetModel): object {
  return {
    model,
    wanted: wanted(promoted),
    config: configMzxid === undefined ? null : { mzxid: configMzxid },
    replicas: replicas.map(({ replica, live, info, status, since }) => ({
      replica,
      live,
      since: since === undefined ? null : new Date(since).toISOString(),
      info: info ?? null,
      status: status ?? null,
    })),
  };
}

function wanted(promoted: FleetModel['promoted']): object | null {
  switch (promoted.kind) {
    case 'absent':
      return null;
    case 'version':
      return { version: promoted.version, mzxid: promoted.mzxid };
    case 'invalid':
      return { version: null, mzxid: promoted.mzxid, reason: promoted.reason };
  }
}
