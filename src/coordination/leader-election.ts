import { filter, ReplaySubject, tap, type Observable } from 'rxjs';
import { CoordinationError } from '../errors';
import { harmless } from '../streams/harmless';
import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import type { HeldLock } from './held-lock';
import { acquireLock } from './lock';
import { hasCode } from './persistently';
import { firstOf } from './waiting';

/**
 * - `CANDIDATE`: somebody else leads, or nobody yet.
 * - `LEADER`: act as the leader, under the fencing token of `term`.
 * - `IN_DOUBT`: stop acting; the connection is broken. `LEADER` with the same term may follow.
 * - `RESIGNED`: the end.
 */
export type Leadership =
  | { readonly role: 'CANDIDATE' }
  | { readonly role: 'LEADER'; readonly term: HeldLock }
  | { readonly role: 'IN_DOUBT'; readonly term: HeldLock }
  | { readonly role: 'RESIGNED' };

export interface CandidacyOptions {
  /** Who stands: what `watchLeader` tells of the leader. */
  readonly data?: Uint8Array;
}

/**
 * Stands for leader among all who do so on the znode `directory`, and stands again each time that leadership is lost.
 *
 * Guarantees those of `acquireLock`, on which it is built: one leader at a time as long as each stops acting in doubt,
 * terms with growing tokens, transactions that only the leader's own term lets through (`term.commit`), the next
 * in line woken alone. A leader that dies is followed at the session timeout.
 *
 * What cannot be promised: that there is a leader at every moment, or that a paused process knows in time that it
 * leads no more.
 *
 * Throws `BAD_ARGUMENTS` for arguments that cannot be right.
 */
export function startCandidacy(
  session: ZooKeeperSession,
  directory: string,
  options: CandidacyOptions = {},
): Candidacy {
  const { data = new Uint8Array() } = options;
  checkArguments({ session, directory, options, data });
  return new Candidacy(session, directory, data);
}

/** One who stands for leader until it is disposed of, which is to resign. */
export class Candidacy implements AsyncDisposable {
  /**
   * Replays the present one. Completes after `RESIGNED`, which comes by disposal or when the session is closed;
   * errors with `AUTH_FAILED`, and when the server refuses, such as with `NO_AUTH`.
   */
  readonly leadership$: Observable<Leadership>;
  readonly #leadership$ = new ReplaySubject<Leadership>(1);
  readonly #resigning = new AbortController();
  readonly #ended: Promise<void>;
  #leadership: Leadership = { role: 'CANDIDATE' };

  /** @internal Use {@link startCandidacy}. */
  constructor(session: ZooKeeperSession, directory: string, data: Uint8Array) {
    this.leadership$ = harmless(this.#leadership$, session.log);
    this.#ended = this.#stand(session, directory, data);
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  /** Stop acting first. Resolves when another one may lead, rejects when the server does not let this one go; safe twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#resigning.abort(new CoordinationError('NOT_HELD', 'resigned'));
    await this.#ended;
  }

  async #stand(session: ZooKeeperSession, directory: string, data: Uint8Array): Promise<void> {
    const { signal } = this.#resigning;
    try {
      this.#enter({ role: 'CANDIDATE' });
      while (!signal.aborted) {
        const term = await acquireLock(session, directory, { signal, data });
        try {
          await this.#lead(term, signal);
        } finally {
          await term.release();
        }
      }
    } catch (error) {
      // Resigning and not allowed to leave: nobody else leads until the session ends.
      const stuck = signal.aborted && hasCode(error, 'NO_AUTH');
      if (error instanceof Error && (stuck || !signal.aborted) && !hasCode(error, 'CLOSED')) {
        this.#leadership = { role: 'RESIGNED' };
        this.#leadership$.error(error);
        if (stuck) throw error;
        return;
      }
    }
    this.#enter({ role: 'RESIGNED' });
    this.#leadership$.complete();
  }

  /** Resolves when the term is lost; rejects when it is to be given up. */
  async #lead(term: HeldLock, signal: AbortSignal): Promise<void> {
    const lost$ = term.state$.pipe(
      tap((state) => {
        if (state === 'HELD') this.#enter({ role: 'LEADER', term });
        if (state === 'IN_DOUBT') this.#enter({ role: 'IN_DOUBT', term });
        // At once: to take away what is left of the term may take long.
        if (state === 'LOST') this.#enter({ role: 'CANDIDATE' });
      }),
      filter((state) => state === 'LOST'),
    );
    await firstOf(lost$, signal);
  }

  #enter(leadership: Leadership): void {
    this.#leadership = leadership;
    this.#leadership$.next(leadership);
  }
}
