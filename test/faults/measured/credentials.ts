import { once } from 'node:events';
import { startZooKeeper } from '../../../src/embedded/zookeeper-server';
import { promote } from '../../../src/registry/promote';
import { openSession } from '../../../src/streams/session';
import { eventually } from '../../support/eventually';
import { ANN } from '../../support/identities';
import { ServeProcess } from '../../support/serve-process';
import { startTestZooKeeper, type TestZooKeeper } from '../../support/zookeeper';
import type { Fault } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, ready, type Scene, SESSION_TIMEOUT_MS } from './scene';

/** A server that does not know the scheme of the credentials any more, which is how it refuses them. */
const STRICT = ['-Dzookeeper.forceSync=no', '-Dzookeeper.DigestAuthenticationProvider.enabled=false'];

/** Credentials that are refused. */
export const CREDENTIALS: readonly Fault[] = [
  {
    name: 'its credentials are refused, and it starts',
    async measure(scene, seen) {
      await using zookeeper = await startTestZooKeeper();
      await using _strict = await strictly(zookeeper);
      seen.start();
      await using replica = await startAsAnn(scene, zookeeper);
      const [status] = (await once(replica.child, 'exit')) as [number | null];
      seen.over(`ends with status ${String(status)}`);
    },
  },
  {
    name: 'its credentials are refused, and it serves already',
    async measure(scene, seen) {
      await using zookeeper = await startTestZooKeeper();
      const { connectString } = zookeeper;
      {
        await using session = openSession({ connectString, sessionTimeoutMs: SESSION_TIMEOUT_MS });
        await session.connected(AbortSignal.timeout(PATIENCE_MS));
        await promote(session, scene.paths, { model: 'iris', version: '1', by: 'faults' });
      }
      await using replica = await startAsAnn(scene, zookeeper);
      await ready(replica);
      await using observed = Observed.of(replica);
      await using _strict = await strictly(zookeeper);
      seen.start();
      await eventually(() => observed.watch.looks.at(-1)?.state === 'AUTH_FAILED', Boolean, PATIENCE_MS);
      seen.noticed('its server is back: `AUTH_FAILED`');
      await seen.requests(observed);
    },
  },
];

function startAsAnn({ models }: Scene, { connectString }: TestZooKeeper): Promise<ServeProcess> {
  const args = ['--auth', `digest:${ANN}`];
  return ServeProcess.start({ zookeeper: connectString, models, replica: 'ann', args });
}

/** The same server, started again: now it refuses. */
async function strictly({ server }: TestZooKeeper): Promise<AsyncDisposable> {
  const { dataDir, port } = server;
  await server.kill('SIGKILL');
  return startZooKeeper({ dataDir, port, tickTimeMs: 500, javaOptions: STRICT });
}
