import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promote } from '../../../src/registry/promote';
import { openSession } from '../../../src/streams/session';
import { type Certificate, certificateAuthority } from '../../support/certificates';
import { eventually } from '../../support/eventually';
import { ServeProcess } from '../../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory';
import { startTlsZooKeeper, type TlsZooKeeper } from '../../support/tls-zookeeper';
import type { Fault } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, ready, reason, type Scene, SESSION_TIMEOUT_MS } from './scene';

const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY = certificateAuthority('the authority');
const OWN = { name: 'zk', addresses: ['127.0.0.1'] };

/** A server's certificate that is not trusted, and one that has expired. */
export const CERTIFICATES: readonly Fault[] = [
  {
    name: "the server's certificate is of another authority",
    async measure(scene, seen) {
      await using zookeeper = await startTlsZooKeeper(AUTHORITY.issue(OWN), AUTHORITY);
      await promoted(scene, zookeeper, '1');
      await using directory = await temporaryDirectory();
      await writeFile(trustedIn(directory), certificateAuthority('a stranger').cert);
      seen.start();
      await using replica = await start(scene, zookeeper, directory);
      await eventually(() => reason(replica), (why) => why.includes('not signed by'), PATIENCE_MS); // prettier-ignore
      seen.noticed('started: readiness says so');
      await writeFile(trustedIn(directory), AUTHORITY.cert);
      seen.start();
      await ready(replica);
      seen.over('the right authority is in the file: ready');
    },
  },
  {
    name: "the server's certificate names another host",
    async measure(scene, seen) {
      const other = { ...OWN, addresses: ['127.0.0.2'] };
      await using zookeeper = await startTlsZooKeeper(AUTHORITY.issue(other), AUTHORITY);
      await promoted(scene, zookeeper, '1');
      await using directory = await temporaryDirectory();
      await writeFile(trustedIn(directory), AUTHORITY.cert);
      seen.start();
      await using replica = await start(scene, zookeeper, directory);
      await eventually(() => reason(replica), (why) => why.includes('another host'), PATIENCE_MS); // prettier-ignore
      seen.noticed('started: readiness says so');
      await zookeeper.renew(AUTHORITY.issue(OWN));
      seen.start();
      await ready(replica);
      seen.over('renewed, its server back: ready');
    },
  },
  {
    name: "the server's certificate has expired",
    async measure(scene, seen) {
      await using zookeeper = await startTlsZooKeeper(AUTHORITY.issue(OWN), AUTHORITY);
      await promoted(scene, zookeeper, '1');
      await using directory = await temporaryDirectory();
      await writeFile(trustedIn(directory), AUTHORITY.cert);
      await using replica = await start(scene, zookeeper, directory);
      await ready(replica);
      await using observed = Observed.of(replica);
      await zookeeper.renew(AUTHORITY.issue({ ...OWN, notAfter: new Date(Date.now() - DAY_MS) }));
      seen.start();
      await observed.logs('has expired');
      seen.noticed('its server is back: the log says so');
      await zookeeper.renew(AUTHORITY.issue(OWN));
      const zxid = await promoted(scene, zookeeper, '2');
      seen.start();
      await observed.load.answeredUnder(zxid);
      seen.over('renewed: a promotion is followed');
      await seen.requests(observed);
    },
  },
  {
    name: "the server refuses the replica's own",
    async measure(scene, seen) {
      await using zookeeper = await startTlsZooKeeper(AUTHORITY.issue(OWN), AUTHORITY, 'need');
      await promoted(scene, zookeeper, '1');
      await using directory = await temporaryDirectory();
      await writeFile(trustedIn(directory), AUTHORITY.cert);
      const own = await writeOwn(directory, certificateAuthority('a stranger'));
      seen.start();
      await using replica = await start(scene, zookeeper, directory, own);
      await eventually(() => reason(replica), (why) => why.includes("client's certificate"), PATIENCE_MS); // prettier-ignore
      seen.noticed('started: readiness says so');
      await writeOwn(directory, AUTHORITY);
      seen.start();
      await ready(replica);
      seen.over('another one is in the files: ready');
    },
  },
];

function trustedIn({ path }: TemporaryDirectory): string {
  return join(path, 'ca.pem');
}

/** Writes a certificate of the replica's own by that authority; resolves with the flags that name its files. */
async function writeOwn({ path }: TemporaryDirectory, authority: Certificate): Promise<readonly string[]> {
  const { cert, key } = authority.issue({ name: 'replica' });
  const files = { cert: join(path, 'cert.pem'), key: join(path, 'key.pem') };
  await writeFile(files.cert, cert);
  await writeFile(files.key, key);
  return ['--zookeeper-tls-cert', files.cert, '--zookeeper-tls-key', files.key];
}

function start(
  { models }: Scene,
  { tlsPort }: TlsZooKeeper,
  directory: TemporaryDirectory,
  own: readonly string[] = [],
): Promise<ServeProcess> {
  return ServeProcess.start({
    ...{ zookeeper: `127.0.0.1:${tlsPort}`, models, replica: 'tls' },
    args: ['--zookeeper-tls-ca', trustedIn(directory), ...own],
  });
}

/** Resolves with the zxid of the write, once it was acknowledged. */
async function promoted({ paths }: Scene, { connectString }: TlsZooKeeper, version: string): Promise<string> {
  await using session = openSession({ connectString, sessionTimeoutMs: SESSION_TIMEOUT_MS });
  await session.connected(AbortSignal.timeout(PATIENCE_MS));
  return (await promote(session, paths, { model: 'iris', version, by: 'faults' })).mzxid;
}
