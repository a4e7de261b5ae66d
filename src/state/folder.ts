import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Whose state it is: what one replica remembers of one root of one ensemble is of no use to another. */
export interface StateOwner {
  readonly stateDir: string;
  /** `host:port,host:port[/chroot]`; the servers in any order. */
  readonly zookeeper: string;
  readonly root: string;
  /** A valid name. */
  readonly replica: string;
}

/** The folder below `stateDir` for what that replica keeps across its lives: its name, and a digest of the three. */
export function stateFolder({ stateDir, zookeeper, root, replica }: StateOwner): string {
  const slash = zookeeper.indexOf('/');
  const servers = slash === -1 ? zookeeper : zookeeper.slice(0, slash);
  const chroot = slash === -1 ? '' : zookeeper.slice(slash);
  const identity = JSON.stringify([servers.split(',').sort(), chroot, root, replica]);
  const digest = createHash('sha256').update(identity).digest('hex');
  return join(resolve(stateDir), `${replica}-${digest.slice(0, 12)}`);
}
