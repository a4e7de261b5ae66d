import type { Logger } from 'pino';

/** How a session is opened. */
export interface SessionOptions {
  /** `host:port,host:port[/chroot]` */
  readonly connectString: string;
  /** What is asked for; the server may grant another one, see {@link ZooKeeperSession.negotiatedTimeoutMs}. */
  readonly sessionTimeoutMs: number;
  /** Sent first on each connection, such as `{ scheme: 'digest', credentials: 'user:password' }`. */
  readonly auth?: { readonly scheme: string; readonly credentials: string };
  readonly log?: Logger;
}
