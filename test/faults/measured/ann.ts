import { OPEN, OWN_AND_READABLE, type AclEntry } from '../../../src/acl';
import { openSession, type ZooKeeperSession } from '../../../src/streams/session';
import { ANN } from '../../support/identities';
import { setAcl } from '../../support/set-acl';
import { PATIENCE_MS, type Scene, SESSION_TIMEOUT_MS } from './scene';

/** A client that may do more than the replica: what it makes has the access list `acl`. */
export async function connectAsAnn(
  { ensemble }: Scene,
  acl: readonly AclEntry[] = OWN_AND_READABLE,
): Promise<ZooKeeperSession> {
  const ann = openSession({
    connectString: ensemble.connectString,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    auth: { scheme: 'digest', credentials: ANN },
    acl,
  });
  await ann.connected(AbortSignal.timeout(PATIENCE_MS));
  return ann;
}

/** Has nobody but her do anything with a znode that is there: at most read it, with {@link OWN_AND_READABLE}. */
export async function closeTo(scene: Scene, path: string, acl: readonly AclEntry[]): Promise<void> {
  const [server] = scene.ensemble.servers;
  await setAcl(server?.port ?? 0, ANN, path, acl);
}

export async function openTo(scene: Scene, path: string): Promise<void> {
  await closeTo(scene, path, OPEN);
}
