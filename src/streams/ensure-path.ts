import type { AclEntry } from '../acl';
import { ZooKeeperError } from '../errors';
import { create, exists, type Sender } from './requests';
import { pathAndParents, withChroot } from './znode-path';

/**
 * Makes the node, empty, and those above it, the chroot included, as far as they are not there. Looks for them from
 * below: to create what is there already is refused for want of rights on its parent, and not because it is there.
 */
export async function ensurePath(to: Sender, path: string, acl: readonly AclEntry[]): Promise<void> {
  const atRoot: Sender = { chroot: '', send: (...request) => to.send(...request) };
  const missing: string[] = [];
  for (const part of pathAndParents(withChroot(to.chroot, path)).reverse()) {
    if (part === '/' || (await exists(atRoot, part, false)).node !== undefined) break;
    missing.unshift(part);
  }
  for (const part of missing) {
    try {
      await create(atRoot, part, new Uint8Array(), 'PERSISTENT', acl);
    } catch (error) {
      if (!(error instanceof ZooKeeperError && error.code === 'NODE_EXISTS')) throw error;
    }
  }
}
