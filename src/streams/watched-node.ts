import type { Logger } from 'pino';
import { BehaviorSubject, type Observable, ReplaySubject } from 'rxjs';
import { errorMessage, ZooKeeperError } from '../errors';
import { backoffMs } from '../backoff';
import type { ConcurrencyLimit } from './concurrency-limit';
import type { Connection } from './connection';
import type { Freshness } from './freshness';
import type { Sender } from './requests';

const RETRY = { firstMs: 200, limitMs: 30_000 };

/** How one kind of watch reads, and how it tells newer from older. */
export interface WatchKind<S> {
  /** The types of event, numbered as the client library does, after which to read again. */
  readonly events: ReadonlySet<number>;
  /** Reads and leaves a watch, on the absence of the node too. */
  read(to: Sender, path: string): Promise<Observation<S>>;
}

/**
 * One reading. `position` orders readings of one path: the zxid of the last change to what was read, and for
 * absence the server's zxid when it was seen. `identity` differs between any two contents.
 */
export interface Observation<S> {
  readonly snapshot: S;
  readonly present: boolean;
  readonly position: string;
  readonly identity: string;
}

type LiveSender = Sender & Pick<Connection, 'ended'>;

export interface WatchHost {
  readonly connection: LiveSender | undefined;
  readonly limit: ConcurrencyLimit;
  readonly log: Logger | undefined;
  /** Nobody looks at the node any more, at least not through this; a watch for it may be on the server. */
  readonly onUnwatched: (path: string) => void;
  /** It was found to have changed, and nothing was notified. */
  readonly onMissed: (path: string) => void;
}

/**
 * One watched path, with one watch on the server however many look at it: reads, tells what changed, and reads
 * again whenever it is told that something may have. Reads follow each other, so inside a session each sees
 * what the one before saw, or newer; across sessions what is older than what was told is dropped.
 */
export class WatchedNode<S> {
  readonly #subject$ = new ReplaySubject<S>(1);
  readonly #freshness$ = new BehaviorSubject<Freshness>({ fresh: false, staleSince: Date.now() });
  readonly #kind: WatchKind<S>;
  readonly #host: WatchHost;
  readonly #path: string;
  #told: Observation<S> | undefined;
  #stale = false;
  #reading = false;
  #stopped = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(kind: WatchKind<S>, host: WatchHost, path: string) {
    this.#kind = kind;
    this.#host = host;
    this.#path = path;
  }

  get snapshot$(): Observable<S> {
    return this.#subject$;
  }

  /** The present freshness first. */
  get freshness$(): Observable<Freshness> {
    return this.#freshness$;
  }

  get fresh(): boolean {
    return this.#freshness$.value.fresh;
  }

  /** As {@link Stale.staleSince}; undefined: it is fresh. */
  get staleSince(): number | undefined {
    const freshness = this.#freshness$.value;
    return freshness.fresh ? undefined : freshness.staleSince;
  }

  /** What was known may be out of date: read again, now or as soon as there is a connection. */
  reread(): void {
    this.#stale = true;
    clearTimeout(this.#retry);
    void this.#readWhileStale();
  }

  /** The connection broke: what was told may be out of date from now on. */
  disconnected(): void {
    if (this.fresh) this.#freshness$.next({ fresh: false, staleSince: Date.now() });
  }

  /**
   * Reads though nothing was notified. A notification comes in before the answer that shows what it is about, so
   * whatever is newer in an answer without one was missed.
   */
  async audit(): Promise<void> {
    const { connection, limit } = this.#host;
    const told = this.#told;
    if (this.#reading || this.#stale || this.#stopped || connection === undefined || told === undefined)
      return;
    this.#reading = true;
    try {
      const seen = await limit.run(() => this.#kind.read(connection, this.#path));
      const notified = this.#outdated();
      if (!notified && seen.identity !== told.identity && !isOlder(seen, told))
        this.#host.onMissed(this.#path);
      this.#settle(seen);
    } catch {
      // Read again as after an event, with whatever goes wrong then. The next connection may have asked for that already.
      if (!connection.ended) this.#stale = true;
    }
    this.#reading = false;
    void this.#readWhileStale();
  }

  #outdated(): boolean {
    return this.#stale;
  }

  /** What was told counts for nothing: the next reading is told, however old. */
  forget(): void {
    this.#told = undefined;
  }

  /** The last one to look at it has gone. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#host.onUnwatched(this.#path);
  }

  complete(): void {
    this.stop();
    this.#subject$.complete();
    this.#freshness$.complete();
  }

  /** Never rejects. Without a connection it stays stale, and the next connection asks for a reading. */
  async #readWhileStale(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#stale && !this.#stopped && this.#host.connection !== undefined) {
      this.#stale = false;
      if (!(await this.#read(this.#host.connection))) break;
    }
    this.#reading = false;
  }

  /** False: to be tried again after a while. */
  async #read(connection: LiveSender): Promise<boolean> {
    try {
      const latest = this.#settle(await this.#host.limit.run(() => this.#kind.read(connection, this.#path)));
      this.#failures = 0;
      if (latest && !this.#stale && !connection.ended && !this.fresh) this.#freshness$.next({ fresh: true });
      return true;
    } catch (error) {
      this.#stale = true;
      if (connection.ended || this.#stopped) return true;
      this.#retryLater(error);
      return false;
    }
  }

  /** Whether what was told last is what was seen. */
  #settle(seen: Observation<S>): boolean {
    if (!this.#stopped) return this.#take(seen);
    // It was under way, and may have left a watch after those were taken back.
    this.#host.onUnwatched(this.#path);
    return false;
  }

  #take(seen: Observation<S>): boolean {
    const told = this.#told;
    if (told !== undefined && isOlder(seen, told)) {
      this.#host.log?.debug({ path: this.#path }, 'a reading older than one before was dropped');
      return false;
    }
    this.#told = seen;
    if (seen.identity !== told?.identity) this.#subject$.next(seen.snapshot);
    return true;
  }

  #retryLater(error: unknown): void {
    const before = this.#freshness$.value;
    const staleSince = before.fresh ? Date.now() : before.staleSince;
    const trouble = error instanceof ZooKeeperError ? { trouble: error } : {};
    this.#freshness$.next({ fresh: false, staleSince, ...trouble });
    const inMs = backoffMs(this.#failures, RETRY);
    this.#host.log?.[this.#failures === 0 ? 'warn' : 'debug'](
      { path: this.#path, why: errorMessage(error), inMs: Math.round(inMs) },
      'a watched node could not be read',
    );
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.reread();
    }, inMs);
  }
}

/**
 * A node that is there is never older than its last change, and one that was created after an absence was created
 * by a later zxid than that absence was seen at. An absence is older when the server that showed it had not yet
 * seen the last change that was told.
 */
function isOlder<S>(seen: Observation<S>, told: Observation<S>): boolean {
  if (seen.present && !told.present) return seen.position <= told.position;
  return seen.position < told.position;
}
