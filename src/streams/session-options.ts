import type { Logger } from 'pino';
import type { HistoryGuard } from './history';

/** How a session is opened. */
export interface SessionOptions {
  /** `host:port,host:port[/chroot]` */
  readonly connectString: string;
  /** What is asked for; the server may grant another one, see {@link ZooKeeperSession.negotiatedTimeoutMs}. */
  readonly sessionTimeoutMs: number;
  /** Sent first on each connection, such as `{ scheme: 'digest', credentials: 'user:password' }`. */
  readonly auth?: { readonly scheme: string; readonly credentials: string };
  /** Given: no ensemble is connected to but the one known, until another one is accepted. */
  readonly guard?: HistoryGuard;
  readonly log?: Logger;
}
