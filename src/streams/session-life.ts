import { type Observable, ReplaySubject } from 'rxjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../errors';
import { backoffMs } from '../backoff';
import { Connection } from './connection';
import { Dialling } from './dialling';
import { HandshakeError, type Handshake, type SessionGrant } from './handshake';
import type { SessionLifeOptions } from './session-life-options';
import type { SessionState } from './session-state';
import { Vetting } from './vetting';
import { laterZxid, ZERO_ZXID } from './zxid';

const RECONNECT = { firstMs: 50, limitMs: 1000 };
/** A connection that held so long puts an end to the backing off. */
const STEADY_MS = 1000;
const CLOSE_DEADLINE_MS = 2000;

/**
 * Keeps one session connected, and opens another when it is lost, until it is closed. Every connection and every
 * session is a fresh object; what goes over from one to the next is the session's id and password, and the last
 * zxid, which no server may be behind of.
 *
 * An ensemble that was wiped or restored is behind that zxid for ever and turns us away each time: then the state
 * never leaves SUSPENDED and LOST, and {@link lastFailure} says `TURNED_AWAY`. Telling that from an ensemble
 * without a quorum takes a session of its own that carries no zxid; with a guard there is one now and then, and
 * {@link lastFailure} says `OTHER_HISTORY` until that history is accepted.
 */
export class SessionLife {
  readonly #options: SessionLifeOptions;
  /** Unlike a BehaviorSubject it tells its last value also after its end. */
  readonly #state$ = new ReplaySubject<SessionState>(1);
  #state: SessionState = { name: 'CONNECTING' };
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #closed: Promise<void> | undefined;
  #connection: Connection | undefined;
  #session: SessionGrant | undefined;
  #attempt = new AbortController();
  #lossTimer: NodeJS.Timeout | undefined;
  #lastZxid: string;
  readonly #vetting: Vetting;
  readonly #dialling: Dialling;
  #epoch = 0;
  #lastFailure: HandshakeError | undefined;
  #negotiatedTimeoutMs: number;

  constructor(options: SessionLifeOptions) {
    this.#options = options;
    this.#negotiatedTimeoutMs = options.sessionTimeoutMs;
    this.#lastZxid = options.guard?.known?.zxid ?? ZERO_ZXID;
    this.#vetting = new Vetting(options.guard, options.ensemble.chroot, () => {
      this.#lastZxid = ZERO_ZXID;
      this.#lose('another history of the ensemble was accepted, and all is read anew');
      options.onNewHistory();
    });
    this.#dialling = new Dialling(options, this.#vetting);
    this.#enter(this.#state);
    this.#ended = this.#run();
  }

  get state$(): Observable<SessionState> {
    return this.#state$.asObservable();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The connection while the state is CONNECTED. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  get closing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** What the last server granted; before there was any, what was asked for. */
  get negotiatedTimeoutMs(): number {
    return this.#negotiatedTimeoutMs;
  }

  /** The highest zxid that any server has told. */
  get lastZxid(): string {
    return laterZxid(this.#lastZxid, this.#connection?.lastZxid ?? ZERO_ZXID);
  }

  /** Why the last attempt to connect failed; undefined once one has succeeded. */
  get lastFailure(): HandshakeError | undefined {
    return this.#lastFailure;
  }

  /** Ends the session, on the server too if there is a connection. Never rejects; takes bounded time. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort();
      this.#attempt.abort();
      await this.#connection?.closeSession(CLOSE_DEADLINE_MS);
      await this.#ended;
      clearTimeout(this.#lossTimer);
      if (this.state.name !== 'AUTH_FAILED') this.#enter({ name: 'CLOSED' });
      this.#state$.complete();
    })();
    return this.#closed;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.closing && this.state.name !== 'AUTH_FAILED') {
      const startedAt = performance.now();
      const former = this.#session;
      const connected = await this.#connectOnce();
      // The session that was to be resumed is over: a new one is opened without delay.
      if (former !== undefined && this.#session === undefined) continue;
      // A server that lets us in and hangs up again is no better than one that does not let us in.
      const lasted = connected && performance.now() - startedAt > STEADY_MS;
      failures = lasted ? 0 : failures + 1;
      await this.#pause(backoffMs(failures, RECONNECT));
    }
  }

  /** Resolves at the end of the connection; false: there was none. */
  async #connectOnce(): Promise<boolean> {
    const resume = this.#session;
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    const request = { resume, lastZxid: this.#lastZxid, withinMs: this.#negotiatedTimeoutMs, signal };
    try {
      await this.#hold(await this.#dialling.dial(request), signal, resume !== undefined);
      return true;
    } catch (error) {
      const known = error instanceof HandshakeError;
      this.#onFailure(known ? error : new HandshakeError('NOT_UNDERSTOOD', errorMessage(error)));
      return false;
    }
  }

  /** Uses a connection until its end, unless it is one with an ensemble that may not be used. */
  async #hold(established: Handshake, signal: AbortSignal, resumed: boolean): Promise<void> {
    if (this.closing) {
      await this.#abandon(established);
      return;
    }
    const { connection, ended } = this.#adopt(established);
    // Also when it is the session as before: a restored ensemble may have it too, and be ahead of our zxid by now.
    const admitted = await this.#vetting.admits(connection, signal);
    if (signal.aborted) connection.destroy('given up');
    else if (admitted) {
      this.#onConnected(connection, resumed);
      const { server } = this.#dialling;
      this.#options.log?.info({ server, sessionId: this.#sessionId() }, 'connected to ZooKeeper');
    }
    await ended;
  }

  #adopt(established: Handshake): { connection: Connection; ended: Promise<void> } {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const connection = new Connection(established, this.#lastZxid, this.#options.ensemble.chroot, {
      onNotification: this.#options.onNotification,
      onEnd: (why) => {
        if (this.#connection === connection) this.#onDisconnected(connection, why);
        end();
      },
    });
    return { connection, ended };
  }

  /** It was closed while the last answer of the handshake came in. */
  async #abandon(established: Handshake): Promise<void> {
    const nobody = { onNotification: () => undefined, onEnd: () => undefined };
    await new Connection(established, this.#lastZxid, '', nobody).closeSession(CLOSE_DEADLINE_MS);
  }

  #onConnected(connection: Connection, resumed: boolean): void {
    clearTimeout(this.#lossTimer);
    this.#lastFailure = undefined;
    this.#session = connection.grant;
    this.#negotiatedTimeoutMs = connection.grant.timeoutMs;
    this.#connection = connection;
    if (!resumed) this.#epoch += 1;
    this.#options.onConnected(connection, resumed ? 'resumed' : this.#epoch === 1 ? 'first' : 'new');
    this.#enter({ name: 'CONNECTED', epoch: this.#epoch, sessionId: this.#sessionId() });
  }

  #onDisconnected(connection: Connection, why: string): void {
    this.#connection = undefined;
    this.#lastZxid = connection.lastZxid;
    this.#options.guard?.heard(this.#lastZxid);
    if (this.closing) return;
    this.#options.onDisconnected();
    this.#options.log?.warn({ why }, 'the connection to ZooKeeper broke');
    this.#enter({ name: 'SUSPENDED', since: Date.now() });
    const lostInMs = connection.lastAnsweredSentAt + connection.grant.timeoutMs - performance.now();
    this.#lossTimer = setTimeout(
      () => {
        this.#lose('nothing was heard from ZooKeeper for the whole session timeout');
      },
      Math.max(0, lostInMs),
    );
  }

  /** From here on the old session is never resumed, even if the server would. */
  #lose(why: string): void {
    clearTimeout(this.#lossTimer);
    if (this.#session === undefined || this.closing) return;
    this.#options.log?.warn({ why, sessionId: this.#sessionId() }, 'the ZooKeeper session is lost');
    this.#session = undefined;
    this.#enter({ name: 'LOST', since: Date.now() });
    this.#attempt.abort();
  }

  #onFailure(failure: HandshakeError): void {
    if (failure.reason === 'ABORTED') return;
    const isNews = this.#lastFailure?.reason !== failure.reason;
    this.#lastFailure = failure;
    this.#options.log?.[isNews ? 'warn' : 'debug'](
      { server: this.#dialling.server, reason: failure.reason, why: failure.message },
      'could not connect to ZooKeeper',
    );
    if (failure.reason === 'SESSION_EXPIRED') this.#lose(failure.message);
    if (failure.reason === 'AUTH_FAILED') {
      clearTimeout(this.#lossTimer);
      this.#enter({ name: 'AUTH_FAILED' });
    }
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.#state$.next(state);
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#closing.signal });
    } catch {
      // Closing: the loop sees it.
    }
  }

  #sessionId(): string {
    return this.#session?.sessionId.toString('hex') ?? '';
  }
}
