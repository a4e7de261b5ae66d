import type { Logger } from 'pino';
import type { ConnectString } from './connect-string';
import type { Connection } from './connection';
import type { HistoryGuard } from './history';
import type { Lookup } from './servers';
import type { TlsMaterial } from './tls';

export interface SessionLifeOptions {
  readonly ensemble: ConnectString;
  readonly sessionTimeoutMs: number;
  readonly auth: { readonly scheme: string; readonly credentials: string } | undefined;
  readonly tls: (() => TlsMaterial) | undefined;
  readonly lookup: Lookup | undefined;
  readonly guard: HistoryGuard | undefined;
  readonly log: Logger | undefined;
  /** Called after each handshake, before the state says CONNECTED. */
  readonly onConnected: (connection: Connection, session: 'first' | 'new' | 'resumed') => void;
  /** Called when a connection broke, before the state says SUSPENDED. */
  readonly onDisconnected: () => void;
  readonly onNotification: (type: number, path: string) => void;
  /** Another history was accepted: what was read before counts for nothing. */
  readonly onNewHistory: () => void;
}
