import ACL from 'node-zookeeper-client/lib/ACL';
import CreateMode from 'node-zookeeper-client/lib/CreateMode';
import Exception from 'node-zookeeper-client/lib/Exception';
import Id from 'node-zookeeper-client/lib/Id';
import {
  OP_CODES,
  protocol,
  TransactionRequest,
  TransactionResponse,
  type Acl,
  type TransactionOpRecord,
} from 'node-zookeeper-client/lib/jute';
import type { AclEntry } from '../acl';
import type { Connection, Reply } from './connection';
import { replyError, type Asked } from './reply-error';
import { statOf, type Stat } from './stat';
import { checkedData } from './znode-data';
import { withChroot, withoutChroot } from './znode-path';

/** What carries a request, a connection or the want of one, and what it puts before every path. */
export type Sender = Pick<Connection, 'send' | 'chroot'>;

export type NodeMode = 'PERSISTENT' | 'EPHEMERAL' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL_SEQUENTIAL';

/** One part of a transaction. `version` -1 (the default) means any; 0 means 0. */
export type TransactionOp =
  | { readonly op: 'create'; readonly path: string; readonly data: Uint8Array; readonly mode?: NodeMode }
  | { readonly op: 'set'; readonly path: string; readonly data: Uint8Array; readonly version?: number }
  | { readonly op: 'remove'; readonly path: string; readonly version?: number }
  | { readonly op: 'check'; readonly path: string; readonly version: number };

/** What a read found, `undefined` for no such node, and the server's zxid as of which that holds. */
export interface Read<T> {
  readonly node: T | undefined;
  readonly asOf: string;
}

/** With `watch` the node's next change or removal is notified; a node that is not there is not watched. */
export async function getData(
  to: Sender,
  path: string,
  watch: boolean,
): Promise<Read<{ data: Buffer; stat: Stat }>> {
  const asked = { operation: 'read', path, write: false, right: 'r' } as const;
  const request = new protocol.GetDataRequest(withChroot(to.chroot, path), watch);
  const reply = await to.send(OP_CODES.GET_DATA, request, new protocol.GetDataResponse(), asked);
  return readOf(reply, asked, ({ data, stat }) => ({ data: data ?? Buffer.alloc(0), stat: statOf(stat) }));
}

/** With `watch` the next change is notified, and the creation of a node that is not there. */
export async function exists(to: Sender, path: string, watch: boolean): Promise<Read<Stat>> {
  const asked = { operation: 'look for', path, write: false };
  const request = new protocol.ExistsRequest(withChroot(to.chroot, path), watch);
  const reply = await to.send(OP_CODES.EXISTS, request, new protocol.ExistsResponse(), asked);
  return readOf(reply, asked, ({ stat }) => statOf(stat));
}

/** With `watch` the next creation or removal of a child is notified, and the removal of the node. */
export async function getChildren(
  to: Sender,
  path: string,
  watch: boolean,
): Promise<Read<{ names: readonly string[]; stat: Stat }>> {
  const asked = { operation: 'list the children of', path, write: false, right: 'r' } as const;
  const request = new protocol.GetChildren2Request(withChroot(to.chroot, path), watch);
  const response = new protocol.GetChildren2Response();
  const reply = await to.send(OP_CODES.GET_CHILDREN2, request, response, asked);
  return readOf(reply, asked, ({ children, stat }) => ({ names: children ?? [], stat: statOf(stat) }));
}

/** Returns the path, which for a sequential node ends in its number. `acl`: who may do what with the node. */
export async function create(
  to: Sender,
  path: string,
  data: Uint8Array,
  mode: NodeMode,
  acl: readonly AclEntry[],
): Promise<string> {
  const asked = { operation: 'create', path, write: true, right: 'c' } as const;
  const request = new protocol.CreateRequest(
    withChroot(to.chroot, path),
    checkedData(path, data),
    aclOf(acl).map((entry) => entry.toRecord()),
    CreateMode[mode],
  );
  const reply = await to.send(OP_CODES.CREATE, request, new protocol.CreateResponse(), asked);
  return withoutChroot(to.chroot, done(reply, asked).path);
}

export async function setData(to: Sender, path: string, data: Uint8Array, version: number): Promise<Stat> {
  const asked = { operation: 'write', path, write: true, right: 'w' } as const;
  const request = new protocol.SetDataRequest(withChroot(to.chroot, path), checkedData(path, data), version);
  const reply = await to.send(OP_CODES.SET_DATA, request, new protocol.SetDataResponse(), asked);
  return statOf(done(reply, asked).stat);
}

export async function remove(to: Sender, path: string, version: number): Promise<void> {
  const asked = { operation: 'remove', path, write: true, right: 'd' } as const;
  const request = new protocol.DeleteRequest(withChroot(to.chroot, path), version);
  done(await to.send(OP_CODES.DELETE, request, null, asked), asked);
}

/** Later reads of this session see everything that the leader had done when it got this. */
export async function sync(to: Sender, path: string): Promise<void> {
  const asked = { operation: 'sync', path, write: false };
  // Request and response are a path each, as those that the library calls otherwise.
  const request = new protocol.GetACLRequest(withChroot(to.chroot, path));
  done(await to.send(OP_CODES.SYNC, request, new protocol.CreateResponse(), asked), asked);
}

/** The kinds of watch as opcode 18 numbers them. */
export const WATCHER_TYPE = { CHILDREN: 1, DATA: 2, ANY: 3 } as const;
const REMOVE_WATCHES = 18;

/** Takes back what the reads above left on the server. That there was nothing to take back is no error. */
export async function removeWatches(to: Sender, path: string, type: 1 | 2 | 3): Promise<void> {
  // Path and number: the same on the wire as a check of a version.
  const request = new protocol.CheckVersionRequest(withChroot(to.chroot, path), type);
  await to.send(REMOVE_WATCHES, request, null, { operation: 'stop watching', path, write: false });
}

const RIGHT_FOR = { create: 'c', set: 'w', remove: 'd', check: 'r' } as const;

/**
 * All of `ops` or none; the error is that of the first part that failed and names its path. `acl`: of what is created.
 */
export async function multi(
  to: Sender,
  ops: readonly TransactionOp[],
  acl: readonly AclEntry[],
): Promise<void> {
  const asked = { operation: `transaction of ${ops.length}`, write: true };
  const acls = aclOf(acl);
  const request = new TransactionRequest(ops.map((op) => recordOf(op, withChroot(to.chroot, op.path), acls)));
  const response = new TransactionResponse();
  const reply = await to.send(OP_CODES.MULTI, request, response, asked);
  const failed = response.results.findIndex(
    ({ err }) => err !== undefined && err !== 0 && err !== Exception.RUNTIME_INCONSISTENCY,
  );
  const op = ops[failed];
  const err = response.results[failed]?.err;
  if (op !== undefined && err !== undefined) {
    const { path } = op;
    throw replyError(err, { operation: `transaction, ${op.op}`, path, write: true, right: RIGHT_FOR[op.op] });
  }
  done(reply, asked);
}

function recordOf(op: TransactionOp, path: string, acls: readonly Acl[]): TransactionOpRecord {
  switch (op.op) {
    case 'create':
      return {
        type: OP_CODES.CREATE,
        path,
        data: checkedData(op.path, op.data),
        acls,
        mode: CreateMode[op.mode ?? 'PERSISTENT'],
      };
    case 'set':
      return {
        type: OP_CODES.SET_DATA,
        path,
        data: checkedData(op.path, op.data),
        version: op.version ?? -1,
      };
    case 'remove':
      return { type: OP_CODES.DELETE, path, version: op.version ?? -1 };
    case 'check':
      return { type: OP_CODES.CHECK, path, version: op.version };
  }
}

function readOf<R, T>(reply: Reply<R>, asked: Asked, found: (response: R) => T): Read<T> {
  if (reply.err === Exception.NO_NODE) return { node: undefined, asOf: reply.zxid };
  return { node: found(done(reply, asked)), asOf: reply.zxid };
}

function done<R>(reply: Reply<R>, asked: Asked): R {
  if (reply.err !== 0) throw replyError(reply.err, asked);
  return reply.response;
}

function aclOf(entries: readonly AclEntry[]): readonly Acl[] {
  return entries.map(({ permissions, scheme, id }) => new ACL(permissions, new Id(scheme, id)));
}
