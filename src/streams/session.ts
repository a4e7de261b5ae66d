import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import { OPEN, OWN_AND_READABLE, type AclEntry } from '../acl';
import { awaitConnected, refuse } from './availability';
import { checkedKind, checkedMode, checkedOps, checkedSignal, checkedVersion } from './checked-operation';
import { checkedOptions } from './checked-options';
import { parseConnectString } from './connect-string';
import type { Connection } from './connection';
import { ensurePath } from './ensure-path';
import type { Freshness } from './freshness';
import type { HandshakeError } from './handshake';
import { harmless } from './harmless';
import type { HistoryGuard } from './history';
import * as requests from './requests';
import type { NodeMode, Sender, TransactionOp } from './requests';
import { SessionLife } from './session-life';
import type { SessionOptions } from './session-options';
import type { SessionState } from './session-state';
import type { Stat } from './stat';
import type { ChildrenSnapshot, DataSnapshot } from './watch-kinds';
import { Watching, type WatchFigures } from './watching';
import { checkedPath } from './znode-path';

export type { Freshness, Stale } from './freshness';
export type { NodeMode, TransactionOp } from './requests';
export type { SessionOptions } from './session-options';
export type { ChildrenSnapshot, DataSnapshot } from './watch-kinds';

const AUDIT_EVERY_MS = 300_000;

/**
 * Starts to connect and returns at once. Throws `BAD_ARGUMENTS` for a connect string that is none, and for a number that
 * cannot be kept to, and says what would be right. Without a reachable ensemble nothing fails: the state stays
 * CONNECTING, and whoever wants a deadline gives `connected()` a signal.
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
 * - They wait for nothing: unless the state is CONNECTED they fail with `CONNECTION_LOSS`, a turn of the event loop
 *   later. Retry after `connected()`. A break while one is under way is `CONNECTION_LOSS` too; a write may then have happened.
 * - They are carried out in the order of the calls. Data are copied by the call; what is no Uint8Array is refused
 *   (`BAD_ARGUMENTS`), and so is what else cannot be right: paths, versions, modes.
 * - Nothing older is ever read than what was read before, by the same server or another, in the same session or
 *   the next. It may be older than what another client has read: `sync` first, if that matters.
 *
 * What cannot be promised: that an ephemeral znode is gone at the moment this side says LOST (the server's clock
 * may end the session later, never before the session timeout is over), or that an ensemble that lost its data is
 * connected to again by itself (see {@link lastFailure}).
 */
export class ZooKeeperSession implements AsyncDisposable {
  /** Replays the present state; completes when this is closed, which leaves AUTH_FAILED as it is. */
  readonly state$: Observable<SessionState>;
  /** What it was opened with. */
  readonly log: Logger | undefined;
  readonly #life: SessionLife;
  readonly #chroot: string;
  readonly #acl: readonly AclEntry[];
  readonly #watching: Watching;
  #closed: Promise<void> | undefined;

  /**
   * @internal Use {@link openSession}.
   * @param guard given: no ensemble is connected to but the one known, until another one is accepted
   */
  constructor(options: SessionOptions, guard?: HistoryGuard) {
    const ensemble = parseConnectString(checkedOptions(options).connectString);
    this.#chroot = ensemble.chroot;
    this.#acl = options.acl ?? (options.auth === undefined ? OPEN : OWN_AND_READABLE);
    const life = new SessionLife({
      ensemble,
      sessionTimeoutMs: options.sessionTimeoutMs,
      auth: options.auth,
      tls: options.tls,
      lookup: options.lookup,
      guard,
      log: options.log,
      onConnected: (connection, session) => {
        this.#watching.reread(connection, session === 'new');
      },
      onDisconnected: () => {
        this.#watching.disconnected();
      },
      onNotification: (type, path) => {
        this.#watching.onNotification(type, path);
      },
      onNewHistory: () => {
        this.#watching.forget();
      },
    });
    this.#life = life;
    this.log = options.log;
    this.state$ = harmless(life.state$, options.log);
    this.#watching = new Watching({
      connection: () => this.#connection,
      auditEveryMs: options.auditEveryMs ?? AUDIT_EVERY_MS,
      log: options.log,
    });
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

  get lastZxid(): string {
    return this.#life.lastZxid;
  }

  /** Resolves when the state is CONNECTED; rejects with `AUTH_FAILED`, `CLOSED`, or `TIMEOUT` for the signal. */
  async connected(signal?: AbortSignal): Promise<void> {
    await awaitConnected(this.#life, checkedSignal(signal));
  }

  /** Undefined: there is no such node. */
  async get(path: string): Promise<{ data: Buffer; stat: Stat } | undefined> {
    return (await requests.getData(this.#sender, checkedPath(path), false)).node;
  }

  async exists(path: string): Promise<Stat | undefined> {
    return (await requests.exists(this.#sender, checkedPath(path), false)).node;
  }

  /** The names come in no order. Undefined: there is no such node. */
  async children(path: string): Promise<{ names: readonly string[]; stat: Stat } | undefined> {
    return (await requests.getChildren(this.#sender, checkedPath(path), false)).node;
  }

  /** Returns the path of the node, which for a sequential one ends in its number of ten digits. */
  async create(
    path: string,
    data: Uint8Array = new Uint8Array(),
    mode: NodeMode = 'PERSISTENT',
  ): Promise<string> {
    return requests.create(this.#sender, checkedPath(path), data, checkedMode(mode), this.#acl);
  }

  /** Makes the node, empty, and those above it, the chroot included, as far as they are not there. */
  async ensurePath(path: string): Promise<void> {
    await ensurePath(this.#sender, checkedPath(path), this.#acl);
  }

  /** @param version the version that the node must have (`VERSION_CONFLICT` otherwise); -1: any */
  async set(path: string, data: Uint8Array, version = -1): Promise<Stat> {
    return requests.setData(this.#sender, checkedPath(path), data, checkedVersion(version));
  }

  async remove(path: string, version = -1): Promise<void> {
    await requests.remove(this.#sender, checkedPath(path), checkedVersion(version));
  }

  /** All or nothing. The error is that of the part that failed, and its `outcome.path` is that part's path. */
  async multi(ops: readonly TransactionOp[]): Promise<void> {
    await requests.multi(this.#sender, checkedOps(ops), this.#acl);
  }

  /** What is read after this is as new as the leader was when this reached it (short of a change of leaders). */
  async sync(path: string): Promise<void> {
    await requests.sync(this.#sender, checkedPath(path));
  }

  /**
   * The data of a znode, now and after each change: the latest, never older than before, eventually. Not every
   * change is seen when they follow each other fast. Absence is a value too. Nothing is told when only the
   * children or the access list change, so `stat` speaks of the moment of the last change to the data.
   *
   * Survives reconnects and new sessions without an error, and completes when the session is closed. Subscribers
   * of the same path share one watch on the server, which goes with the last one. A node that may not be read is
   * tried again from time to time. What a subscriber throws harms neither the others nor the process.
   */
  watchData(path: string): Observable<DataSnapshot> {
    return harmless(this.#watching.data.watch(checkedPath(path)), this.log);
  }

  /** The names of a znode's children, under the same terms as {@link watchData}. */
  watchChildren(path: string): Observable<ChildrenSnapshot> {
    return harmless(this.#watching.children.watch(checkedPath(path)), this.log);
  }

  /**
   * Whether what {@link watchData} or {@link watchChildren} told last of that path is the latest, now and as it changes.
   */
  watchFreshness(kind: 'data' | 'children', path: string): Observable<Freshness> {
    return harmless(this.#watching.freshness(checkedKind(kind), checkedPath(path)), this.log);
  }

  /** What can be counted of the watched nodes. */
  get watchFigures(): WatchFigures {
    return this.#watching.figures;
  }

  /**
   * Ends the session, and so removes its ephemeral znodes, on the server too if there is a connection; without one
   * the server ends it at the session timeout. Operations already sent are answered. Safe in every state and
   * twice; takes two seconds at the most; never rejects.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= (async () => {
      await this.#life.close();
      this.#watching.complete();
    })();
    return this.#closed;
  }

  /** Takes a request at once, so that they go out in the order of the calls. */
  get #sender(): Sender {
    return (
      this.#connection ?? { chroot: this.#chroot, send: (...[, , , asked]) => refuse(this.#life, asked) }
    );
  }

  get #connection(): Connection | undefined {
    return this.#life.closing ? undefined : this.#life.connection;
  }
}
