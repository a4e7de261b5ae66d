import { distinctUntilChanged, map, type Observable } from 'rxjs';
import { backoffMs } from '../backoff';
import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { CountedOnce } from './counted-once';
import { parseCount } from './count';
import { persistently } from './persistently';
import { pause } from './waiting';
import { watchedData } from './watched';

const CONTENTION = { firstMs: 5, limitMs: 500 };

export interface CountOptions {
  /** Gives up; `AbortSignal.timeout(ms)` is a deadline. It may have been counted all the same. */
  readonly signal?: AbortSignal;
}

/**
 * A whole number of 64 bits that clients anywhere count up and down together. It is the text of the znode `path`, such
 * as `42`, for anybody to read; no znode, or an empty one, is 0.
 *
 * Guarantees:
 * - What `add` resolves was counted exactly once, also when replies were lost, the server was killed, or the session
 *   expired in the middle ({@link CountedOnce}).
 * - As long as all only count up, each call of `add` resolves with another number: `add(1n)` gives out ids.
 * - Nothing is left behind by a call that was given up, as soon as there is a connection again.
 *
 * What cannot be promised: that a call which rejects with the signal's reason, or because the session was closed, was
 * not counted. Order: of two calls at the same time either may be first. Exactly once beside somebody who removes the
 * znode, or the receipts below it, while it is in use. A process that is killed, or closes its session, between its write
 * and the removal of its receipt, or loses the right to remove it, leaves that behind, an empty znode that tells nobody
 * anything; unless the process was killed, the session's log says so. High rates: a call takes three round trips, and
 * those that collide are repeated; whoever wants many ids takes a block of them, `add(1000n)`.
 */
export class Counter {
  readonly path: string;
  readonly #session: ZooKeeperSession;

  constructor(session: ZooKeeperSession, path: string) {
    checkArguments({ session, path });
    this.#session = session;
    this.path = path;
  }

  /**
   * The number now. It may be older than what another client has seen: `session.sync` first, if that matters. Rejects
   * with `BAD_DATA` where something else than a number stands.
   */
  async value(options: CountOptions = {}): Promise<bigint> {
    const { signal } = options;
    checkArguments({ options, signal });
    const node = await persistently(this.#session, signal, () => this.#session.get(this.path));
    return parseCount(this.path, node?.data);
  }

  /** The number now and after each change: the latest, eventually. Errors with `BAD_DATA`, `AUTH_FAILED` or `NO_AUTH`. */
  get value$(): Observable<bigint> {
    return watchedData(this.#session, this.path).pipe(
      map(({ node }) => parseCount(this.path, node?.data)),
      distinctUntilChanged(),
    );
  }

  /**
   * Adds `delta`, which may be negative, and resolves with the sum. Rejects with a RangeError if that would leave the
   * range of 64 bits, with `BAD_DATA`, with the signal's reason, with `CLOSED` or `AUTH_FAILED` for the session's end,
   * or with what the server refuses. That takes the rights to read and write the znode (`r`, `w`) and to make and delete
   * children of it (`c`, `d`), for the receipt; without one of them nothing is written (`NO_AUTH`).
   */
  async add(delta: bigint, options: CountOptions = {}): Promise<bigint> {
    checkArguments({ delta, options, signal: options.signal });
    const { after } = await this.#change((count) => count + delta, options);
    return after;
  }

  /** Makes it `count`, whatever it was, and resolves with what it was, under the terms of {@link add}. */
  async exchange(count: bigint, options: CountOptions = {}): Promise<bigint> {
    checkArguments({ count, options, signal: options.signal });
    const { before } = await this.#change(() => count, options);
    return before;
  }

  async #change(change: (count: bigint) => bigint, { signal }: CountOptions) {
    const once = new CountedOnce(this.#session, this.path, change);
    try {
      for (let collisions = 0; ; collisions += 1) {
        const counted = await persistently(this.#session, signal, () => once.attempt());
        if (counted !== undefined) {
          await once.end();
          return counted;
        }
        await pause(backoffMs(collisions, CONTENTION), signal);
      }
    } catch (error) {
      void once.end();
      throw error;
    }
  }
}
