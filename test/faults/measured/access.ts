import { once } from 'node:events';
import { parseAcl } from '../../../src/acl';
import { openSession, type ZooKeeperSession } from '../../../src/streams/session';
import { eventually } from '../../support/eventually';
import { ANN } from '../../support/identities';
import { irisVersion } from '../../support/infer';
import { ServeProcess } from '../../support/serve-process';
import { reason } from './mute';
import { Observed, PATIENCE_MS, ready, type Scene, SESSION_TIMEOUT_MS } from './scene';
import { type Measure, Times } from './timed';

/** What a replica may not read or write. */
export const ACCESS: Readonly<Record<'access', Measure>> = {
  async access(scene) {
    const times = new Times();
    await using ann = await connectAsAnn(scene);
    await unreadableVersion(scene, ann, times);
    await nothingButItsRoot(scene, ann, times);
    return times.timed;
  },
};

async function connectAsAnn({ ensemble }: Scene): Promise<ZooKeeperSession> {
  const ann = openSession({
    connectString: ensemble.connectString,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    auth: { scheme: 'digest', credentials: ANN },
    acl: parseAcl('auth::cdrwa'),
  });
  await ann.connected(AbortSignal.timeout(PATIENCE_MS));
  return ann;
}

async function unreadableVersion(scene: Scene, ann: ZooKeeperSession, times: Times): Promise<void> {
  await using observed = await Observed.start(scene);
  const other = await scene.other();
  const path = scene.paths.version('iris');
  const anew = [
    { op: 'remove', path },
    { op: 'create', path, data: Buffer.from(other) },
  ] as const;
  await ann.multi(anew);
  times.start();
  await eventually(async () => (await scene.status()).error?.code === 'FETCH_FAILED', Boolean, PATIENCE_MS);
  times.note('its version znode may not be read: until its status says FETCH_FAILED');
  await scene.session.multi(anew);
  times.start();
  await eventually(() => irisVersion(observed.replica.url), (seen) => seen === other, PATIENCE_MS); // prettier-ignore
  times.note('it may be read again: until it is followed');
  await times.requests('meanwhile', observed);
}

/** A root in which ann alone may do anything. */
async function nothingButItsRoot({ ensemble }: Scene, ann: ZooKeeperSession, times: Times): Promise<void> {
  const start = { zookeeper: ensemble.connectString, replica: 'refused' };
  await ann.ensurePath('/closed');
  times.start();
  {
    await using refused = await ServeProcess.start({ ...start, args: ['--root', '/closed'] });
    const [status] = (await once(refused.child, 'exit')) as [number | null];
    times.note(`it may not register: from the start until it ends with status ${String(status)}`);
  }
  await using everybody = openSession({ connectString: ensemble.connectString, sessionTimeoutMs: SESSION_TIMEOUT_MS }); // prettier-ignore
  await everybody.connected(AbortSignal.timeout(PATIENCE_MS));
  await everybody.ensurePath('/half-closed');
  await ann.ensurePath('/half-closed/models');
  times.start();
  await using unread = await ServeProcess.start({ ...start, args: ['--root', '/half-closed'] });
  await eventually(() => reason(unread.url), (why) => why.includes('not allowed'), PATIENCE_MS); // prettier-ignore
  times.note('it may not read the list of models, and knows of none: from the start until readiness says so');
  await ann.remove('/half-closed/models');
  await everybody.ensurePath('/half-closed/models');
  times.start();
  await ready(unread);
  times.note('it may: until it is ready');
}
