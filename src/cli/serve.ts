import { startReplica } from '../runtime';
import { CONNECTION_SETTINGS, REPLICA_SETTINGS } from '../settings';
import { EndSignals } from './end-signals';
import { HardEnd } from './hard-end';
import type { RunCommand } from './invocation';
import { openLog } from './log';

/** `zooserve serve`: one replica, attached to an ensemble that runs already. */
export const run: RunCommand = async (invocation) => {
  using signals = new EndSignals();
  const settings = invocation.settings([...CONNECTION_SETTINGS, ...REPLICA_SETTINGS]);
  const log = openLog(settings.logLevel, invocation.terminal);
  using end = new HardEnd(log);
  await using replica = await startReplica(settings, log);
  end.of(replica);
  log.info(
    { url: replica.url, replica: replica.id, zookeeper: settings.zookeeper },
    `listening on ${replica.url} as ${replica.id}`,
  );
  const signal = await Promise.race([signals.heard, replica.joined.then(() => signals.heard)]);
  log.info({ signal }, 'draining: no new requests, those in flight are answered');
  return 0;
};
