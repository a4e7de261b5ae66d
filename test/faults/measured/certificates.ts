import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promote } from '../../../src/registry/promote';
import { openSession } from '../../../src/streams/session';
import { certificateAuthority } from '../../support/certificates';
import { eventually } from '../../support/eventually';
import { ServeProcess } from '../../support/serve-process';
import { temporaryDirectory } from '../../support/temporary-directory';
import { startTlsZooKeeper } from '../../support/tls-zookeeper';
import { reason } from './mute';
import { Observed, PATIENCE_MS, ready, SESSION_TIMEOUT_MS } from './scene';
import { type Measure, Times } from './timed';

const DAY_MS = 24 * 3600 * 1000;

/** A server's certificate that is not trusted, and one that has expired. */
export const CERTIFICATES: Readonly<Record<'certificates', Measure>> = {
  async certificates({ models, paths }) {
    const times = new Times();
    const authority = certificateAuthority('the authority');
    const own = { name: 'zk', addresses: ['127.0.0.1'] };
    await using zookeeper = await startTlsZooKeeper(authority.issue(own), authority);
    const { connectString, tlsPort } = zookeeper;
    await using session = openSession({ connectString, sessionTimeoutMs: SESSION_TIMEOUT_MS });
    const promoted = async (version: string): Promise<string> => {
      await session.connected(AbortSignal.timeout(PATIENCE_MS));
      return (await promote(session, paths, { model: 'iris', version, by: 'faults' })).mzxid;
    };
    await promoted('1');
    await using directory = await temporaryDirectory();
    const ca = join(directory.path, 'ca.pem');
    await writeFile(ca, certificateAuthority('a stranger').cert);
    times.start();
    await using replica = await ServeProcess.start({
      ...{ zookeeper: `127.0.0.1:${tlsPort}`, models, replica: 'tls' },
      args: ['--zookeeper-tls-ca', ca],
    });
    await eventually(() => reason(replica.url), (why) => why.includes('not signed by'), PATIENCE_MS); // prettier-ignore
    times.note("the server's certificate is of another authority: from the start until readiness says so");
    await writeFile(ca, authority.cert);
    times.start();
    await ready(replica);
    times.note('the right authority is in the file: until it is ready');

    await using observed = Observed.of(replica);
    await zookeeper.renew(authority.issue({ ...own, notAfter: new Date(Date.now() - DAY_MS) }));
    times.start();
    await eventually(() => replica.logged.join('').includes('has expired'), Boolean, PATIENCE_MS);
    times.note(
      "the server's certificate has expired after a restart: from its being there until the log says so",
    );
    await zookeeper.renew(authority.issue(own));
    const zxid = await promoted('2');
    times.start();
    await observed.load.answeredUnder(zxid);
    times.note('it is renewed: until a promotion is followed');
    await times.requests('from the one to the other', observed);
    return times.timed;
  },
};
