/** What `zooserve/streams` offers: docs/streams.md. */

export { openSession } from './session';
export type {
  ChildrenSnapshot,
  DataSnapshot,
  Freshness,
  NodeMode,
  SessionOptions,
  Stale,
  TransactionOp,
  ZooKeeperSession,
} from './session';
export type { SessionState } from './session-state';
export type { Stat } from './stat';
export type { Lookup } from './servers';
export type { TlsMaterial } from './tls';
export type { WatchFigures } from './watching';
export { latest } from './latest';
export { HandshakeError, type HandshakeFailure } from './handshake';
export { ZooKeeperError, type ZooKeeperErrorCode } from '../errors';
export { parseAcl, type AclEntry } from '../acl';
