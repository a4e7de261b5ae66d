import { once } from 'node:events';
import { startZooKeeper } from '../../../src/embedded/zookeeper-server';
import { promote } from '../../../src/registry/promote';
import { openSession } from '../../../src/streams/session';
import { eventually } from '../../support/eventually';
import { ANN } from '../../support/identities';
import { ServeProcess } from '../../support/serve-process';
import { startTestZooKeeper } from '../../support/zookeeper';
import { Observed, PATIENCE_MS, ready, SESSION_TIMEOUT_MS } from './scene';
import { type Measure, Times } from './timed';

/** A server that does not know the scheme of the credentials any more, which is how it refuses them. */
const NO_DIGEST = '-Dzookeeper.DigestAuthenticationProvider.enabled=false';

/** Credentials that are refused, while a replica serves and as it starts. */
export const CREDENTIALS: Readonly<Record<'credentials', Measure>> = {
  async credentials({ models, paths }) {
    const times = new Times();
    await using zookeeper = await startTestZooKeeper();
    const { connectString } = zookeeper;
    {
      await using session = openSession({ connectString, sessionTimeoutMs: SESSION_TIMEOUT_MS });
      await session.connected(AbortSignal.timeout(PATIENCE_MS));
      await promote(session, paths, { model: 'iris', version: '1', by: 'faults' });
    }
    const start = { zookeeper: connectString, models, replica: 'ann', args: ['--auth', `digest:${ANN}`] };
    await using replica = await ServeProcess.start(start);
    await ready(replica);
    await using observed = Observed.of(replica);
    const { dataDir, port } = zookeeper.server;
    await zookeeper.server.kill('SIGKILL');
    await using _strict = await startZooKeeper({
      ...{ dataDir, port, tickTimeMs: 500 },
      javaOptions: ['-Dzookeeper.forceSync=no', NO_DIGEST],
    });
    times.start();
    await eventually(() => observed.watch.looks.at(-1)?.state === 'AUTH_FAILED', Boolean, PATIENCE_MS);
    times.note(
      'its credentials are refused after a restart of its server: from its being there until the metrics say AUTH_FAILED',
    );
    await times.requests('until then', observed);
    times.start();
    await using another = await ServeProcess.start({ ...start, replica: 'another' });
    const [status] = (await once(another.child, 'exit')) as [number | null];
    times.note(`its credentials are refused as it starts: until it ends with status ${String(status)}`);
    return times.timed;
  },
};
