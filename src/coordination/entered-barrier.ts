import { filter } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { Holding } from './holding';
import { inBackground } from './in-background';
import type { OwnNode } from './own-node';
import { persistently } from './persistently';
import type { Round } from './round';
import { firstOf } from './waiting';
import { watchedData } from './watched';

/** The write that opened the barrier: who passed, and when, by zxid and by the ensemble's clock. */
export interface Opening {
  readonly round: Round;
  readonly mzxid: string;
  readonly mtime: number;
}

/** A barrier that this participant has passed together with the others of its round. */
export class EnteredBarrier implements AsyncDisposable {
  /** From 0 to {@link size} - 1, another one for each participant. */
  readonly rank: number;
  readonly size: number;
  /** The zxid that opened the barrier: the same for all of the round, larger for each later round. */
  readonly round: string;
  /** When it opened: milliseconds since 1970 by the ensemble's clock, the same for all of the round. */
  readonly openedAt: number;
  readonly #session: ZooKeeperSession;
  readonly #directory: string;
  readonly #own: OwnNode;
  readonly #members: Round;
  readonly #holding: Holding;

  /** @internal Use `enterBarrier`. */
  constructor(session: ZooKeeperSession, directory: string, own: OwnNode, opening: Opening) {
    this.rank = opening.round.indexOf(own.name);
    this.size = opening.round.length;
    this.round = opening.mzxid;
    this.openedAt = opening.mtime;
    this.#session = session;
    this.#directory = directory;
    this.#own = own;
    this.#members = opening.round;
    this.#holding = new Holding(session, own, `the place in the barrier ${directory}`);
  }

  /** Aborts when the others may take this participant for dead: its session is over, or its znode was removed. */
  get lost(): AbortSignal {
    return this.#holding.lost;
  }

  /**
   * Says that this participant is done, and waits until all others are, by leaving or by dying. Rejects with the
   * signal's reason, with `CLOSED` or `AUTH_FAILED` for the session's end, or with what the server refuses; this one has
   * left all the same, except that it stays for `BAD_ARGUMENTS`. Safe twice.
   */
  async leave(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    checkArguments({ options, signal });
    this.#holding.release();
    try {
      await this.#awaitOthers(signal);
    } catch (error) {
      inBackground(this.#session, this.#own.remove());
      throw error;
    }
    await this.#own.remove();
  }

  /** Leaves without waiting for the others. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#holding.release();
    await this.#own.remove();
  }

  /**
   * The lowest that is left stays until it is the last, and all others wait for it alone: so each watches one znode,
   * and a round of n is done after some 2n events, not n².
   */
  async #awaitOthers(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const present = await persistently(this.#session, signal, () => this.#present());
      const lowest = present[0];
      const highest = present.at(-1);
      if (
        lowest === undefined ||
        highest === undefined ||
        (present.length === 1 && lowest === this.#own.name)
      )
        return;
      if (lowest === this.#own.name) await this.#gone(highest, signal);
      else {
        if (present.includes(this.#own.name)) await firstOf(this.#own.remove(), signal);
        await this.#gone(lowest, signal);
      }
    }
  }

  /** Those of the round that are left, in order. */
  async #present(): Promise<string[]> {
    const names = new Set((await this.#session.children(this.#directory))?.names);
    return this.#members.filter((name) => names.has(name));
  }

  async #gone(name: string, signal: AbortSignal | undefined): Promise<void> {
    const node$ = watchedData(this.#session, `${this.#directory}/${name}`);
    await firstOf(node$.pipe(filter(({ node }) => node === undefined)), signal);
  }
}
