import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { SpareWorkers } from '../inference/spare-workers';
import { CONNECTION_SETTINGS, REPLICA_SETTINGS } from '../settings';
import { EndSignals } from './end-signals';
import { HardEnd } from './hard-end';
import type { RunCommand } from './invocation';
import { openLog } from './log';

/** `zooserve serve`: one replica, attached to an ensemble that runs already. */
export const run: RunCommand = async (invocation) => {
  using signals = new EndSignals();
  const settings = invocation.settings([...CONNECTION_SETTINGS, ...REPLICA_SETTINGS]);
  // While they load their code on other cores, this thread loads its own.
  await using spares = new SpareWorkers(firstWorkers(settings));
  const { startReplica } = await import('../runtime.js');
  const log = await openLog(settings.logLevel, invocation.terminal);
  spares.reportTo(log);
  using end = new HardEnd(log);
  await using replica = await startReplica(settings, log, { spares });
  end.of(replica);
  log.info(
    { url: replica.url, replica: replica.id, zookeeper: settings.zookeeper },
    `listening on ${replica.url} as ${replica.id}`,
  );
  const signal = await Promise.race([signals.heard, replica.joined.then(() => signals.heard)]);
  log.info({ signal }, 'draining: no new requests, those in flight are answered');
  return 0;
};

/** As many as the models of the repository may need at once, where there are cores for them. */
function firstWorkers({ models, workers }: { readonly models: string; readonly workers: number }): number {
  try {
    return Math.min(readdirSync(models).length * workers, availableParallelism());
  } catch {
    // What is wrong with the repository is said by whoever needs it.
    return 0;
  }
}
