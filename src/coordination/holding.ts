import { filter, map, merge, ReplaySubject, Subscription, type Observable } from 'rxjs';
import { CoordinationError } from '../errors';
import { harmless } from '../streams/harmless';
import type { ZooKeeperSession } from '../streams/session';
import { sessionHold } from './session-id';

/**
 * - `HELD`: act.
 * - `IN_DOUBT`: the connection is broken. Others may be given the same thing at the session timeout, so stop acting. It
 *   may turn back into `HELD`.
 * - `LOST`: the session is over, or somebody removed the znode. It never comes back.
 * - `RELEASED`: given up by its holder.
 */
export type HoldState = 'HELD' | 'IN_DOUBT' | 'LOST' | 'RELEASED';

/** The znode by which something is held. */
export interface HeldNode {
  readonly path: string;
  readonly czxid: string;
  readonly sessionId: string;
}

/** Follows whether this process still holds what an ephemeral znode of its session stands for. */
export class Holding {
  /** Replays the present state; completes after `LOST` and `RELEASED`. */
  readonly state$: Observable<HoldState>;
  readonly #state$ = new ReplaySubject<HoldState>(1);
  readonly #hold$: Observable<HoldState>;
  #watching = new Subscription();
  readonly #doubt = new AbortController();
  readonly #lost = new AbortController();
  readonly #what: string;
  #state: HoldState = 'HELD';

  /** @param what for messages, such as `the lock /locks/a` */
  constructor(session: ZooKeeperSession, node: HeldNode, what: string) {
    this.#what = what;
    this.state$ = harmless(this.#state$, session.log);
    this.#enter('HELD');
    // A node of one's own that may not be read tells nothing of its removal; the end of the session is heard all the same.
    const gone$ = session.watchData(node.path).pipe(
      filter((seen) => seen.node?.stat.czxid !== node.czxid),
      map(() => 'LOST' as const),
    );
    this.#hold$ = merge(sessionHold(session, node.sessionId), gone$);
    this.follow();
  }

  get state(): HoldState {
    return this.#state;
  }

  /** Aborts the first time that it is not sure to be held, and stays aborted. Not on release. */
  get doubt(): AbortSignal {
    return this.#doubt.signal;
  }

  /** Aborts when it is lost. Not on release. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** What happens to it from here on is not told, until {@link follow}. */
  lookAway(): void {
    this.#watching.unsubscribe();
  }

  /** Goes on after {@link lookAway}; a loss meanwhile is told now. */
  follow(): void {
    if (this.#isOver) return;
    const lose = () => {
      this.#tell('LOST');
    };
    this.#watching = new Subscription();
    this.#watching.add(
      this.#hold$.subscribe({
        next: (state) => {
          this.#tell(state);
        },
        error: lose,
        complete: lose,
      }),
    );
  }

  /** From here on it is neither held nor watched. */
  release(): void {
    if (this.#isOver) return;
    this.#watching.unsubscribe();
    this.#enter('RELEASED');
    this.#state$.complete();
  }

  notHeld(cause?: unknown): CoordinationError {
    const words = this.#state === 'RELEASED' ? 'was released' : 'is lost';
    return new CoordinationError('NOT_HELD', `${this.#what} ${words}`, { cause });
  }

  get #isOver(): boolean {
    return this.#state === 'LOST' || this.#state === 'RELEASED';
  }

  #tell(state: HoldState): void {
    if (this.#isOver || state === this.#state) return;
    this.#enter(state);
    if (state !== 'HELD') this.#doubt.abort(new CoordinationError('NOT_HELD', `${this.#what} is in doubt`));
    if (state !== 'LOST') return;
    this.#lost.abort(this.notHeld());
    this.#state$.complete();
    this.#watching.unsubscribe();
  }

  #enter(state: HoldState): void {
    this.#state = state;
    this.#state$.next(state);
  }
}
