import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import { errorMessage } from '../errors';
import { Audit } from './audit';
import { ConcurrencyLimit } from './concurrency-limit';
import type { Connection } from './connection';
import type { Freshness } from './freshness';
import * as requests from './requests';
import { childrenKind, dataKind, type ChildrenSnapshot, type DataSnapshot } from './watch-kinds';
import { Watches } from './watches';

/** Readings of watched nodes under way at a time: reconnecting with thousands of them is no storm. */
const CONCURRENT_READS = 64;

/** What can be counted of the watched nodes of a session. */
export interface WatchFigures {
  /** Paths, of both kinds. */
  readonly watched: number;
  /** Those of them that are not fresh. */
  readonly stale: number;
  /** `Date.now()` since when the one that has been stale longest has been so; undefined: all are fresh. */
  readonly staleSince: number | undefined;
  /** Changes so far that nothing was notified of, found by an audit. */
  readonly missed: number;
}

export interface WatchingOptions {
  readonly connection: () => Connection | undefined;
  /** 0: never. */
  readonly auditEveryMs: number;
  readonly log: Logger | undefined;
}

/** The watched nodes of a session, by their data and by their children. */
export class Watching {
  readonly data: Watches<DataSnapshot>;
  readonly children: Watches<ChildrenSnapshot>;
  readonly #options: WatchingOptions;
  readonly #audit: Audit;
  #missed = 0;

  constructor(options: WatchingOptions) {
    this.#options = options;
    const host = {
      get connection() {
        return options.connection();
      },
      limit: new ConcurrencyLimit(CONCURRENT_READS),
      log: options.log,
      onUnwatched: (path: string) => {
        this.#removeWatches(path);
      },
      onMissed: (path: string) => {
        this.#missed += 1;
        options.log?.warn({ path }, 'a watched node had changed and nothing was notified: an audit found it');
      },
    };
    this.data = new Watches(dataKind, host);
    this.children = new Watches(childrenKind, host);
    this.#audit = new Audit(() => [...this.data.nodes(), ...this.children.nodes()], options.auditEveryMs);
  }

  get figures(): WatchFigures {
    const since = [...this.data.staleSince, ...this.children.staleSince];
    return {
      watched: this.data.size + this.children.size,
      stale: since.length,
      staleSince: since.length === 0 ? undefined : since.reduce((oldest, at) => Math.min(oldest, at)),
      missed: this.#missed,
    };
  }

  freshness(kind: 'data' | 'children', path: string): Observable<Freshness> {
    return this[kind].freshness(path);
  }

  onNotification(type: number, path: string): void {
    this.data.onNotification(type, path);
    this.children.onNotification(type, path);
  }

  /** Everything read so far may be out of date. In a new session the server may also lag: it catches up first. */
  reread(connection: Connection, syncFirst: boolean): void {
    if (syncFirst) {
      // Not awaited: a session's requests are carried out in order.
      requests.sync(connection, '/').catch((error: unknown) => {
        this.#options.log?.warn({ why: errorMessage(error) }, 'sync before reading again failed');
      });
    }
    this.data.rereadAll();
    this.children.rereadAll();
  }

  /** The connection broke. */
  disconnected(): void {
    this.data.disconnected();
    this.children.disconnected();
  }

  forget(): void {
    this.data.forget();
    this.children.forget();
  }

  complete(): void {
    this.#audit.stop();
    this.data.complete();
    this.children.complete();
  }

  /** Both kinds watch an absent node by a watch for data: while one kind relies on it, it stays. */
  #removeWatches(path: string): void {
    const connection = this.#options.connection();
    if (connection === undefined || this.children.has(path)) return;
    const type = this.data.has(path) ? requests.WATCHER_TYPE.CHILDREN : requests.WATCHER_TYPE.ANY;
    requests.removeWatches(connection, path, type).catch((error: unknown) => {
      this.#options.log?.debug(
        { path, why: errorMessage(error) },
        'a watch may have been left on the server',
      );
    });
  }
}
