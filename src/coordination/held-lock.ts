import type { Observable } from 'rxjs';
import type { TransactionOp, ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { Holding, type HoldState } from './holding';
import type { OwnNode } from './own-node';
import { hasCode } from './persistently';

/** A lock that was acquired; disposing releases it. */
export class HeldLock implements AsyncDisposable {
  /** The lock's znode. */
  readonly path: string;
  /**
   * The fencing token: 16 hex digits that compare as strings, larger for every later holder of this lock, also when its
   * znode was removed and made again. Whoever guards a resource refuses a token that is lower than the highest that it
   * has seen. After the ensemble was wiped or restored tokens may be lower than before.
   */
  readonly token: string;
  readonly #session: ZooKeeperSession;
  readonly #node: OwnNode;
  readonly #holding: Holding;

  /** @internal Use `acquireLock`. */
  constructor(session: ZooKeeperSession, node: OwnNode, directory: string) {
    this.path = node.path;
    this.token = node.czxid;
    this.#session = session;
    this.#node = node;
    this.#holding = new Holding(session, node, `the lock ${directory} with token ${node.czxid}`);
  }

  get state(): HoldState {
    return this.#holding.state;
  }

  /** Replays the present state; completes after `LOST` and `RELEASED`. */
  get state$(): Observable<HoldState> {
    return this.#holding.state$;
  }

  /** Aborts the first time that the lock is not sure to be held: stop acting. Stays aborted. Not on release. */
  get doubt(): AbortSignal {
    return this.#holding.doubt;
  }

  /** Aborts when the lock is lost for good: the session is over, or somebody removed the znode. Not on release. */
  get lost(): AbortSignal {
    return this.#holding.lost;
  }

  /** Put first into a transaction, it makes that fail with `NO_NODE` of {@link path} unless the lock is held. */
  get guard(): TransactionOp {
    return { op: 'check', path: this.path, version: -1 };
  }

  /**
   * A transaction that takes effect only if the lock is held at that very zxid: no matter how late it arrives, it
   * cannot interfere with another holder. Rejects with `NOT_HELD`, or as `session.multi` does.
   */
  async commit(ops: readonly TransactionOp[]): Promise<void> {
    checkArguments({ ops });
    const { state } = this.#holding;
    if (state === 'LOST' || state === 'RELEASED') throw this.#holding.notHeld();
    try {
      await this.#session.multi([this.guard, ...ops]);
    } catch (error) {
      if (hasCode(error, 'NO_NODE') && error.outcome.path === this.path) throw this.#holding.notHeld(error);
      throw error;
    }
  }

  /**
   * Stop acting first. Resolves when the next one may have the lock: the znode is gone, or the session is. While the
   * connection is broken that takes until it is back, a session timeout at the most. Safe twice.
   */
  release(): Promise<void> {
    this.#holding.release();
    return this.#node.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
