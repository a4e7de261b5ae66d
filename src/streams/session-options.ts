import type { Logger } from 'pino';
import type { AclEntry } from '../acl';
import type { Lookup } from './servers';
import type { TlsMaterial } from './tls';

/** How a session is opened. */
export interface SessionOptions {
  /** `host:port,host:port[/chroot]` */
  readonly connectString: string;
  /**
   * What is asked for, in whole ms from 1 to 2,147,483,647; the server may grant another one, see
   * {@link ZooKeeperSession.negotiatedTimeoutMs}.
   */
  readonly sessionTimeoutMs: number;
  /** Sent first on each connection, such as `{ scheme: 'digest', credentials: 'user:password' }`. */
  readonly auth?: { readonly scheme: string; readonly credentials: string };
  /**
   * Who may do what with the znodes that the session creates, parents included. Default: without `auth` everybody
   * everything; with it that identity everything and everybody else only read.
   */
  readonly acl?: readonly AclEntry[];
  /** Given: every connection is a TLS connection. Called for each, so that certificates may be renewed. */
  readonly tls?: () => TlsMaterial;
  /** Called for each connect to a host that is named and not numbered. Default: the system's. */
  readonly lookup?: Lookup;
  /**
   * How often each watched node is read though nothing was notified, in ms and more or less, up to 1,000,000,000; 0:
   * never. Default: five minutes, and longer where that would be more than 50 readings a second.
   */
  readonly auditEveryMs?: number;
  readonly log?: Logger;
}
