/** What `zooserve/streams` offers: docs/streams.md. */

export { openSession } from './session';
export type {
  ChildrenSnapshot,
  DataSnapshot,
  NodeMode,
  SessionOptions,
  TransactionOp,
  ZooKeeperSession,
} from './session';
export type { SessionState } from './session-state';
export type { Stat } from './stat';
export { latest } from './latest';
export { HandshakeError, type HandshakeFailure } from './handshake';
export { ZooKeeperError, type ZooKeeperErrorCode } from '../errors';
export { parseAcl, type AclEntry } from '../acl';
