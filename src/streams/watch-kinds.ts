import Event from 'node-zookeeper-client/lib/Event';
import { exists, getChildren, getData, type Read, type Sender } from './requests';
import type { Stat } from './stat';
import type { Observation, WatchKind } from './watched-node';

/** The data of a znode at one moment; `node` is undefined when there is none. */
export interface DataSnapshot {
  readonly path: string;
  readonly node: { readonly data: Buffer; readonly stat: Stat } | undefined;
}

/** The names of a znode's children, in no order, at one moment; `node` is undefined when there is none. */
export interface ChildrenSnapshot {
  readonly path: string;
  readonly node: { readonly names: readonly string[]; readonly stat: Stat } | undefined;
}

export const dataKind: WatchKind<DataSnapshot> = {
  events: new Set([Event.NODE_CREATED, Event.NODE_DELETED, Event.NODE_DATA_CHANGED]),
  async read(to, path) {
    const { node, asOf } = await readOrWatchAbsence(to, path, getData);
    return observation({ path, node }, node?.stat, node?.stat.mzxid ?? asOf);
  },
};

export const childrenKind: WatchKind<ChildrenSnapshot> = {
  events: new Set([Event.NODE_CREATED, Event.NODE_DELETED, Event.NODE_CHILDREN_CHANGED]),
  async read(to, path) {
    const { node, asOf } = await readOrWatchAbsence(to, path, getChildren);
    return observation({ path, node }, node?.stat, node?.stat.pzxid ?? asOf);
  },
};

/**
 * A read of a node that is not there leaves no watch, but a look for it does. If it has appeared in between, the
 * look finds it and it is read again.
 */
async function readOrWatchAbsence<T>(
  to: Sender,
  path: string,
  read: (to: Sender, path: string, watch: boolean) => Promise<Read<T>>,
): Promise<Read<T>> {
  for (;;) {
    const found = await read(to, path, true);
    if (found.node !== undefined) return found;
    const looked = await exists(to, path, true);
    if (looked.node === undefined) return { node: undefined, asOf: looked.asOf };
  }
}

function observation<S>(snapshot: S, stat: Stat | undefined, position: string): Observation<S> {
  const present = stat !== undefined;
  return { snapshot, present, position, identity: present ? `${stat.czxid} ${position}` : 'absent' };
}
