import type { Logger } from 'pino';
import { filter, firstValueFrom, fromEvent, NEVER, type Observable, takeUntil } from 'rxjs';
import { errorMessage, ZooKeeperError } from '../errors';
import { ConcurrencyLimit } from './concurrency-limit';
import { parseConnectString } from './connect-string';
import type { Connection } from './connection';
import type { HandshakeError } from './handshake';
import { zooKeeperError, type Asked } from './reply-error';
import * as requests from './requests';
import type { NodeMode, TransactionOp } from './requests';
import { SessionLife } from './session-life';
import type { SessionState } from './session-state';
import type { Stat } from './stat';
import { childrenKind, dataKind, type ChildrenSnapshot, type DataSnapshot } from './watch-kinds';
import { Watches } from './watches';
import { checkPath, pathAndParents, withChroot, withoutChroot } from './znode-path';

export type { NodeMode, TransactionOp } from './requests';
export type { ChildrenSnapshot, DataSnapshot } from './watch-kinds';

/** Readings of watched nodes under way at a time: reconnecting with thousands of them is no storm. */
const CONCURRENT_READS = 64;
/** States in which waiting for a connection is over. */
const SETTLED: ReadonlySet<string> = new Set(['CONNECTED', 'AUTH_FAILED', 'CLOSED']);

export interface SessionOptions {
  /** `host:port,host:port[/chroot]` */
  readonly connectString: string;
  /** What is asked for; the server may grant another one, see {@link ZooKeeperSession.negotiatedTimeoutMs}. */
  readonly sessionTimeoutMs: number;
  /** Sent first on each connection, such as `{ scheme: 'digest', credentials: 'user:password' }`. */
  readonly auth?: { readonly scheme: string; readonly credentials: string };
  readonly log?: Logger;
}

/**
 * Starts to connect and returns at once. Throws `BAD_ARGUMENTS` for a connect string that is none. Without a
 * reachable ensemble nothing fails: the state stays CONNECTING, and whoever wants a deadline gives `connected()`
 * a signal.
 */
export function openSession(options: SessionOptions): ZooKeeperSession {
  return new ZooKeeperSession(options);
}

/**
 * A session with a ZooKeeper ensemble that outlives its connections, and is followed by a new one when it is lost.
 *
 * Operations:
 * - Each is settled in bounded time, with a result or a ZooKeeperError that says whether it may have happened and
 *   whether a retry helps. None is ever repeated by itself.
 * - They wait for nothing: unless the state is CONNECTED they fail at once with `CONNECTION_LOSS`. Retry after
 *   `connected()`. A break while one is under way is `CONNECTION_LOSS` too; a write may then have happened.
 * - They are carried out in the order of the calls. Data are copied by the call.
 * - Nothing older is ever read than what was read before, by the same server or another, in the same session or
 *   the next. It may be older than what another client has read: `sync` first, if that matters.
 *
 * What cannot be promised: that an ephemeral znode is gone at the moment this side says LOST (the server's clock
 * may end the session later, never before the session timeout is over), or that an ensemble that lost its data is
 * connected to again by itself (see {@link lastFailure}).
 */
export class ZooKeeperSession implements AsyncDisposable {
  readonly #life: SessionLife;
  readonly #chroot: string;
  readonly #data: Watches<DataSnapshot>;
  readonly #children: Watches<ChildrenSnapshot>;
  readonly #log: Logger | undefined;
  #closed: Promise<void> | undefined;

  /** Use {@link openSession}. */
  constructor(options: SessionOptions) {
    const ensemble = parseConnectString(options.connectString);
    this.#chroot = ensemble.chroot;
    this.#log = options.log;
    const life = new SessionLife({
      ensemble,
      sessionTimeoutMs: options.sessionTimeoutMs,
      auth: options.auth,
      log: options.log,
      onConnected: (connection, session) => {
        this.#reread(connection, session === 'new');
      },
      onNotification: (type, path) => {
        this.#data.onNotification(type, path);
        this.#children.onNotification(type, path);
      },
    });
    this.#life = life;
    const host = {
      get connection() {
        return life.connection;
      },
      limit: new ConcurrencyLimit(CONCURRENT_READS),
      log: options.log,
    };
    const onUnwatched = (path: string) => {
      this.#removeWatches(path);
    };
    this.#data = new Watches(dataKind, host, this.#chroot, onUnwatched);
    this.#children = new Watches(childrenKind, host, this.#chroot, onUnwatched);
  }

  /** Replays the present state; completes after CLOSED. */
  get state$(): Observable<SessionState> {
    return this.#life.state$;
  }

  get state(): SessionState {
    return this.#life.state;
  }

  /** What the server granted; what was asked for while none has. */
  get negotiatedTimeoutMs(): number {
    return this.#life.negotiatedTimeoutMs;
  }

  /**
   * Why the last attempt to connect failed; undefined while connected. `TURNED_AWAY` again and again, by servers
   * that do serve others, is what an ensemble looks like that was wiped or restored: it knows less than this
   * session has seen.
   */
  get lastFailure(): HandshakeError | undefined {
    return this.#life.lastFailure;
  }

  /** Resolves when the state is CONNECTED; rejects with `AUTH_FAILED`, `CLOSED`, or `TIMEOUT` for the signal. */
  async connected(signal?: AbortSignal): Promise<void> {
    const aborted$ = signal === undefined ? NEVER : fromEvent(signal, 'abort');
    const settled$ = this.state$.pipe(filter(({ name }) => SETTLED.has(name)));
    const state =
      signal?.aborted === true
        ? this.state
        : await firstValueFrom(settled$.pipe(takeUntil(aborted$)), { defaultValue: this.state });
    if (state.name === 'CONNECTED') return;
    const asked = { operation: 'connect', write: false };
    if (SETTLED.has(state.name)) throw this.#unavailable(asked);
    const last = this.lastFailure === undefined ? '' : `, last because: ${this.lastFailure.message}`;
    throw zooKeeperError('TIMEOUT', `given up while ${state.name}${last}`, asked, {
      mayHaveHappened: false,
      retryable: true,
    });
  }

  /** Undefined: there is no such node. */
  async get(path: string): Promise<{ data: Buffer; stat: Stat } | undefined> {
    const connection = this.#use({ operation: 'read', path, write: false });
    return (await requests.getData(connection, this.#whole(path), false)).node;
  }

  async exists(path: string): Promise<Stat | undefined> {
    const connection = this.#use({ operation: 'look for', path, write: false });
    return (await requests.exists(connection, this.#whole(path), false)).node;
  }

  /** The names come in no order. Undefined: there is no such node. */
  async children(path: string): Promise<{ names: readonly string[]; stat: Stat } | undefined> {
    const connection = this.#use({ operation: 'list the children of', path, write: false });
    return (await requests.getChildren(connection, this.#whole(path), false)).node;
  }

  /** Returns the path of the node, which for a sequential one ends in its number of ten digits. */
  async create(
    path: string,
    data: Uint8Array = new Uint8Array(),
    mode: NodeMode = 'PERSISTENT',
  ): Promise<string> {
    const connection = this.#use({ operation: 'create', path, write: true });
    const created = await requests.create(connection, this.#whole(path), data, mode);
    return withoutChroot(this.#chroot, created);
  }

  /** Makes the node, empty, and those above it, the chroot included, as far as they are not there. */
  async ensurePath(path: string): Promise<void> {
    const asked = { operation: 'create', path, write: true };
    if ((await requests.exists(this.#use(asked), this.#whole(path), false)).node !== undefined) return;
    for (const part of pathAndParents(this.#whole(path))) {
      try {
        await requests.create(this.#use(asked), part, new Uint8Array(), 'PERSISTENT');
      } catch (error) {
        if (!(error instanceof ZooKeeperError && error.code === 'NODE_EXISTS')) throw error;
      }
    }
  }

  /** @param version the version that the node must have (`VERSION_CONFLICT` otherwise); -1: any */
  async set(path: string, data: Uint8Array, version = -1): Promise<Stat> {
    const connection = this.#use({ operation: 'write', path, write: true });
    return requests.setData(connection, this.#whole(path), data, version);
  }

  async remove(path: string, version = -1): Promise<void> {
    const connection = this.#use({ operation: 'remove', path, write: true });
    await requests.remove(connection, this.#whole(path), version);
  }

  /** All or nothing. The error is that of the part that failed, and its `outcome.path` is that part's path. */
  async multi(ops: readonly TransactionOp[]): Promise<void> {
    for (const { path } of ops) checkPath(path);
    const connection = this.#use({ operation: 'transaction', write: true });
    await requests.multi(
      connection,
      ops.map((op) => ({ ...op, path: this.#whole(op.path) })),
    );
  }

  /** What is read after this is as new as the leader was when this reached it (short of a change of leaders). */
  async sync(path: string): Promise<void> {
    const connection = this.#use({ operation: 'sync', path, write: false });
    await requests.sync(connection, this.#whole(path));
  }

  /**
   * The data of a znode, now and after each change: the latest, never older than before, eventually. Not every
   * change is seen when they follow each other fast. Absence is a value too. Nothing is told when only the
   * children or the access list change, so `stat` speaks of the moment of the last change to the data.
   *
   * Survives reconnects and new sessions without an error, and completes when the session is closed. Subscribers
   * of the same path share one watch on the server, which goes with the last one. A node that may not be read is
   * tried again from time to time.
   */
  watchData(path: string): Observable<DataSnapshot> {
    checkPath(path);
    return this.#data.watch(path);
  }

  /** The names of a znode's children, under the same terms as {@link watchData}. */
  watchChildren(path: string): Observable<ChildrenSnapshot> {
    checkPath(path);
    return this.#children.watch(path);
  }

  /**
   * Ends the session, and so removes its ephemeral znodes, on the server too if there is a connection; without one
   * the server ends it at the session timeout. Operations already sent are answered. Safe in every state and
   * twice; takes two seconds at the most; never rejects.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= (async () => {
      await this.#life.close();
      this.#data.complete();
      this.#children.complete();
    })();
    return this.#closed;
  }

  /** Everything read so far may be out of date. In a new session the server may also lag: it catches up first. */
  #reread(connection: Connection, syncFirst: boolean): void {
    if (syncFirst) {
      // Not awaited: a session's requests are carried out in order.
      requests.sync(connection, this.#whole('/')).catch((error: unknown) => {
        this.#log?.warn({ why: errorMessage(error) }, 'sync before reading again failed');
      });
    }
    this.#data.rereadAll();
    this.#children.rereadAll();
  }

  /**
   * `path` is as the server knows it. The watch of one kind may be what the other relies on: both watch an absent
   * node by looking for it, which is a watch for data. Then it stays until the other goes.
   */
  #removeWatches(path: string): void {
    const connection = this.#life.connection;
    if (connection === undefined || this.#life.closing || this.#children.has(path)) return;
    const type = this.#data.has(path) ? requests.WATCHER_TYPE.CHILDREN : requests.WATCHER_TYPE.ANY;
    requests.removeWatches(connection, path, type).catch((error: unknown) => {
      this.#log?.debug({ path, why: errorMessage(error) }, 'a watch may have been left on the server');
    });
  }

  #whole(path: string): string {
    checkPath(path);
    return withChroot(this.#chroot, path);
  }

  #use(asked: Asked): Connection {
    const connection = this.#life.connection;
    if (connection === undefined || this.#life.closing) throw this.#unavailable(asked);
    return connection;
  }

  #unavailable(asked: Asked): ZooKeeperError {
    const nothing = { mayHaveHappened: false };
    if (this.#life.closing) {
      return zooKeeperError('CLOSED', 'the session is closed', asked, { ...nothing, retryable: false });
    }
    if (this.state.name === 'AUTH_FAILED') {
      return zooKeeperError('AUTH_FAILED', 'the credentials were refused', asked, {
        ...nothing,
        retryable: false,
      });
    }
    return zooKeeperError('CONNECTION_LOSS', `not connected (${this.state.name})`, asked, {
      ...nothing,
      retryable: true,
    });
  }
}
