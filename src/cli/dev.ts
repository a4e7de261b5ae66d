import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { filter, firstValueFrom, interval } from 'rxjs';
import { isFree, LOOPBACK } from '../embedded/loopback-port';
import { ModelRepository } from '../inference/repository';
import { startReplica } from '../runtime';
import { CONNECTION_SETTINGS, REPLICA_SETTINGS, type ReplicaSettings } from '../settings';
import { DevZooKeeper } from './dev-zookeeper';
import { EndSignals } from './end-signals';
import { HardEnd } from './hard-end';
import { type IntroducedModel, introduceModels } from './introduce-models';
import type { RunCommand } from './invocation';
import { openLog } from './log';
import { openRegistry } from '../registry/open-registry';
import { tryNext } from './try-next';

const READY_POLL_MS = 10;

/**
 * `zooserve dev`: a replica with an Apache ZooKeeper of its own, on 2181 when that is free, and the models of
 * the repository published and promoted. What was promoted in an earlier run stays promoted.
 */
export const run: RunCommand = async (invocation) => {
  using signals = new EndSignals();
  const given = invocation.settings([...CONNECTION_SETTINGS, ...REPLICA_SETTINGS]);
  const { terminal } = invocation;
  const log = await openLog(given.logLevel, terminal, true);
  if (given.port !== 0 && given.host === LOOPBACK && !(await isFree(given.port))) {
    throw new Error(`port ${given.port} of ${LOOPBACK} is taken; choose another one with --port`);
  }
  using end = new HardEnd(log);
  await using zookeeper = await DevZooKeeper.start(join(resolve(given.stateDir), 'zookeeper'), log);
  if (signals.first !== undefined) return 0;
  const settings = { ...given, zookeeper: zookeeper.connectString };
  const models = await introduced(settings, log);
  // Its ensemble starts and ends with it, so that there is no state to fall back to but that of the ensemble.
  await using replica = await startReplica(settings, log, { forgetful: true });
  end.of(replica);
  const ready = replica.joined.then(() =>
    firstValueFrom(interval(READY_POLL_MS).pipe(filter(() => replica.ready)), { defaultValue: 0 }),
  );
  const first = await Promise.race([signals.heard, ready]);
  if (typeof first === 'number') {
    terminal.print(
      tryNext({
        ...{ url: replica.url, zookeeper: zookeeper.connectString },
        ...{ root: settings.root, pinned: settings.pinned, models },
      }),
    );
  }
  const signal = await Promise.race([signals.heard, ready.then(() => signals.heard)]);
  log.info({ signal }, 'draining: no new requests, those in flight are answered');
  return 0;
};

/** Before the replica is there, so that it is not ready before it has models. */
async function introduced(settings: ReplicaSettings, log: Logger): Promise<readonly IntroducedModel[]> {
  await using registry = await openRegistry(settings);
  return await introduceModels(registry, new ModelRepository(resolve(settings.models)), log);
}
