import { acceptWorld } from '../registry/accept-world';
import { CONNECTION_SETTINGS } from '../settings';
import { author } from './author';
import { connect } from './connect';
import { EXIT } from './exit-code';
import type { RunCommand } from './invocation';

/** `zooserve accept-world` */
export const run: RunCommand = async (invocation) => {
  const { reason, terminal } = invocation;
  const { zookeeper, root } = invocation.settings(CONNECTION_SETTINGS);
  await using registry = await connect(invocation);
  await acceptWorld(registry.session, registry.paths, { by: author(), reason });
  terminal.print(
    `${root} at ${zookeeper}, as it is now, is accepted: replicas that knew another one follow it`,
  );
  return EXIT.OK;
};
