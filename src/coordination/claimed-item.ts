import { CoordinationError, ZooKeeperError } from '../errors';
import type { TransactionOp, ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import type { Claim } from './claiming';
import { multiBelow } from './create-below';
import { burialOps } from './dead-letters';
import { Holding } from './holding';
import { JoinedSignal } from './joined-signal';
import { ignoreLost } from './not-held';
import { hasCode, withinSession } from './persistently';
import type { QueuePaths } from './queue-paths';
import { sameSession } from './session-id';
import { pause } from './waiting';

export interface RetryOptions {
  /**
   * The claim is kept so long, so that nobody tries again at once. A worker that dies or closes its session meanwhile
   * cuts it short.
   */
  readonly afterMs?: number;
  /** Cuts `afterMs` short. */
  readonly signal?: AbortSignal;
}

/**
 * An item of a work queue that this process has claimed. It is settled by the first call of `acknowledge`, `retry` or
 * `reject`, unless the claim is lost before; not by one that rejects with `BAD_ARGUMENTS`.
 */
export class ClaimedItem {
  readonly id: string;
  readonly data: Buffer;
  /** 1 for the first time that the item is given to anybody. */
  readonly attempt: number;
  /**
   * The fencing token: 16 hex digits that compare as strings, larger for each later claim of any item, until the ensemble
   * is wiped or restored.
   */
  readonly token: string;
  readonly #session: ZooKeeperSession;
  readonly #paths: QueuePaths;
  readonly #claim: Claim;
  readonly #maxAttempts: number;
  readonly #holding: Holding;
  readonly #item: string;
  #settled = false;

  /** @internal Use `WorkQueue.claim`. */
  constructor(session: ZooKeeperSession, paths: QueuePaths, claim: Claim, maxAttempts: number) {
    this.id = claim.id;
    this.data = claim.data;
    this.attempt = claim.attempt;
    this.token = claim.czxid;
    this.#session = session;
    this.#paths = paths;
    this.#claim = claim;
    this.#maxAttempts = maxAttempts;
    this.#holding = new Holding(session, claim, `the claim on ${claim.id} with token ${claim.czxid}`);
    this.#item = `${paths.items}/${claim.id}`;
  }

  /**
   * Aborts the first time that the claim is not sure to be held: stop acting. Not for what happens while the item is
   * being settled.
   */
  get doubt(): AbortSignal {
    return this.#holding.doubt;
  }

  /** Aborts when the claim is lost for good: another worker gets the item. Not by being settled. */
  get lost(): AbortSignal {
    return this.#holding.lost;
  }

  /** Whether one of the three calls below was made, and did not fail for a reason that lets it be made again. */
  get settled(): boolean {
    return this.#settled;
  }

  /**
   * The item is done and leaves the queue; `ops` take effect in the same transaction or not at all. Rejects with
   * `NOT_HELD` when the claim was lost; if the session was lost while this was under way, it may have happened. Rejects
   * with the error of the one of `ops` that failed; the item is then not settled, and still claimed.
   */
  async acknowledge(ops: readonly TransactionOp[] = []): Promise<void> {
    checkArguments({ ops });
    const done = [
      { op: 'remove', path: this.#item, version: this.attempt },
      { op: 'remove', path: this.#claim.path },
    ] as const;
    await this.#settle([...done, ...ops], (session, all) => session().multi(all));
  }

  /**
   * Gives the item back for another attempt, which may be this worker's again; after the last attempt it goes to the
   * dead letters with `reason`. A claim that was lost is no error: the item is back already.
   */
  async retry(reason: string, options: RetryOptions = {}): Promise<void> {
    const { afterMs = 0, signal } = options;
    checkArguments({ reason, options, afterMs, signal });
    if (this.attempt >= this.#maxAttempts) {
      await this.reject(reason);
      return;
    }
    const back = [
      { op: 'check', path: this.#item, version: this.attempt },
      { op: 'remove', path: this.#claim.path },
    ] as const;
    await this.#settle(back, (session, ops) => session().multi(ops), options).catch(ignoreLost);
  }

  /** Puts the item with the dead letters at once. A claim that was lost is no error: another worker decides. */
  async reject(reason: string): Promise<void> {
    checkArguments({ reason });
    const letter = { id: this.id, data: this.data, attempts: this.attempt, reason };
    const ops = [...burialOps(this.#paths, letter), { op: 'remove', path: this.#claim.path } as const];
    await this.#settle(ops, multiBelow).catch(ignoreLost);
  }

  async #settle(
    ops: readonly TransactionOp[],
    carryOut: typeof multiBelow,
    { afterMs = 0, signal }: RetryOptions = {},
  ): Promise<void> {
    if (this.#settled) throw this.#notHeld('is settled already');
    this.#settled = true;
    if (afterMs > 0) {
      using cutShort = new JoinedSignal(this.lost, signal);
      await pause(afterMs, cutShort.signal).catch(() => undefined);
    }
    if (this.lost.aborted) throw this.#notHeld('is lost');
    // What is seen of the claim while this is under way may be its doing.
    this.#holding.lookAway();
    const { sessionId } = this.#claim;
    let unsure = false;
    try {
      await withinSession(this.#session, sessionId, async () => {
        try {
          await carryOut(() => sameSession(this.#session, sessionId), ops);
        } catch (error) {
          // It was carried out the first time: nobody else can settle it while this session lives.
          if (unsure && this.#isRefusal(error)) return;
          unsure ||= error instanceof ZooKeeperError && error.outcome.mayHaveHappened;
          throw error;
        }
      });
      this.#holding.release();
    } catch (error) {
      this.#settled = hasCode(error, 'SESSION_LOST') || this.#isRefusal(error);
      if (this.#settled) {
        this.#holding.release();
        throw this.#notHeld('is lost', error);
      }
      this.#holding.follow();
      throw error;
    }
  }

  #isRefusal(error: unknown): boolean {
    const own = [this.#item, this.#claim.path];
    return hasCode(error, 'NO_NODE', 'VERSION_CONFLICT') && own.includes(error.outcome.path ?? '');
  }

  #notHeld(words: string, cause?: unknown): CoordinationError {
    return new CoordinationError('NOT_HELD', `the claim on ${this.id} with token ${this.token} ${words}`, {
      cause,
    });
  }
}
