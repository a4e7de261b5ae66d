import {
  BehaviorSubject,
  combineLatest,
  distinctUntilChanged,
  EMPTY,
  endWith,
  filter,
  ignoreElements,
  map,
  merge,
  ReplaySubject,
  takeUntil,
  tap,
  type Observable,
  type Subscription,
} from 'rxjs';
import { backoffMs } from '../backoff';
import { harmless } from '../streams/harmless';
import { latest } from '../streams/latest';
import type { DataSnapshot, ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { createBelow } from './create-below';
import { inBackground } from './in-background';
import { hasCode, persistently, withinSession } from './persistently';
import { sameSession } from './session-id';
import { connected, firstOf, pause } from './waiting';
import { watchedData } from './watched';

const RETRY = { firstMs: 50, limitMs: 2000 };

export interface JoinOptions {
  /** What the others see of this member; see {@link Membership.update}. */
  readonly data?: Uint8Array;
  /** Gives up joining; no effect afterwards. */
  readonly signal?: AbortSignal;
}

/**
 * Joins the group of the znode `directory` as the member `name`, and resolves once the others can see it. A name that
 * another session holds is waited for: it may be this program's former life, which ends with its session.
 *
 * Guarantees:
 * - From then on the member is kept there: in each new session, and when somebody removed its znode.
 * - The last data given by `update` get there, in the end; not every one before it.
 * - A member that dies is gone at the session timeout.
 *
 * What cannot be promised: that the others see a change at the same moment, or that a member they see is alive: it may
 * have died less than a session timeout ago. Of several with one name only one is a member at a time; the others wait.
 *
 * Rejects with `BAD_ARGUMENTS` for arguments that cannot be right, such as a name with a slash, with the signal's
 * reason, with `CLOSED` or `AUTH_FAILED` for the session's end, or with what the server refuses; then nothing is left
 * behind.
 */
export async function joinGroup(
  session: ZooKeeperSession,
  directory: string,
  name: string,
  options: JoinOptions = {},
): Promise<Membership> {
  const { data = new Uint8Array(), signal } = options;
  checkArguments({ session, directory, name, options, data, signal });
  await connected(session, signal);
  const membership = new Membership(session, directory, name, data);
  try {
    await firstOf(membership.present$.pipe(filter(Boolean)), signal);
    return membership;
  } catch (error) {
    inBackground(session, membership[Symbol.asyncDispose]());
    throw error;
  }
}

/** A member of a group until it is disposed of, which is to leave. */
export class Membership implements AsyncDisposable {
  /**
   * Whether this member is known to be there. False from a break of the connection until it is seen again; the others
   * go on seeing it until its session is over. Replays the present one; completes when the session is closed and on
   * leaving, errors when the server refuses.
   */
  readonly present$: Observable<boolean>;
  readonly #present$ = new ReplaySubject<boolean>(1);
  readonly #wanted$: BehaviorSubject<Uint8Array>;
  readonly #leaving = new AbortController();
  readonly #upkeep: Subscription;
  #writing: Promise<unknown> = Promise.resolve();
  #lastSessionId = '';
  #left: Promise<void> | undefined;

  /** @internal Use {@link joinGroup}. */
  constructor(
    private readonly session: ZooKeeperSession,
    private readonly directory: string,
    private readonly name: string,
    data: Uint8Array,
  ) {
    this.present$ = harmless(this.#present$, session.log);
    this.#wanted$ = new BehaviorSubject(data);
    const seen$ = combineLatest([this.#sessionId$(), watchedData(session, this.#path)]);
    const present$ = seen$.pipe(
      map(([id, { node }]) => node !== undefined && node.stat.ephemeralOwner === id),
    );
    const kept$ = combineLatest([seen$, this.#wanted$]).pipe(
      latest(([[id, { node }], wanted]) => (id === undefined ? EMPTY : this.#keep(id, node, wanted))),
      ignoreElements(),
      takeUntil(seen$.pipe(ignoreElements(), endWith('the session is closed'))),
    );
    this.#upkeep = merge(present$, kept$).pipe(distinctUntilChanged()).subscribe(this.#present$);
  }

  /** What the others see of this member from now on; written as soon as there is a connection. Throws `BAD_ARGUMENTS`. */
  update(data: Uint8Array): void {
    checkArguments({ data });
    this.#wanted$.next(data);
  }

  /** Resolves when the others cannot see this member any more, or its session is over. Safe twice. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  get #path(): string {
    return `${this.directory}/${this.name}`;
  }

  /** Undefined while there is no connection. */
  #sessionId$(): Observable<string | undefined> {
    return this.session.state$.pipe(
      map((state) => (state.name === 'CONNECTED' ? state.sessionId : undefined)),
      tap((sessionId) => (this.#lastSessionId = sessionId ?? this.#lastSessionId)),
    );
  }

  /** Does what is missing; that it was done is seen by the watch. Another's znode is left alone. */
  async #keep(sessionId: string, node: DataSnapshot['node'], wanted: Uint8Array): Promise<void> {
    if (node === undefined) await this.#write(() => this.#create(sessionId, wanted));
    else if (node.stat.ephemeralOwner === sessionId && !node.data.equals(wanted)) {
      const { version } = node.stat;
      await this.#write(() => sameSession(this.session, sessionId).set(this.#path, wanted, version));
    }
  }

  async #create(sessionId: string, data: Uint8Array): Promise<void> {
    const session = () => sameSession(this.session, sessionId);
    for (let failures = 0; ; failures += 1) {
      try {
        await createBelow(session, this.directory, this.name, data, 'EPHEMERAL');
        return;
      } catch (error) {
        if (!hasCode(error, 'NO_NODE')) throw error;
      }
      // Somebody removed the directory meanwhile, of which the watch of the member tells nothing.
      await pause(backoffMs(failures, RETRY), this.#leaving.signal);
    }
  }

  async #write(write: () => Promise<unknown>): Promise<void> {
    try {
      await persistently(this.session, this.#leaving.signal, () => (this.#writing = write()));
    } catch (error) {
      // What was seen is no longer so: the watch or the session's state tells what is.
      const overtaken = hasCode(
        error,
        'NODE_EXISTS',
        'NO_NODE',
        'VERSION_CONFLICT',
        'SESSION_LOST',
        'CLOSED',
      );
      if (!overtaken && !this.#leaving.signal.aborted) throw error;
    }
  }

  async #leave(): Promise<void> {
    this.#leaving.abort();
    this.#upkeep.unsubscribe();
    this.#present$.complete();
    await this.#writing.catch(() => undefined);
    const sessionId = this.#lastSessionId;
    try {
      await withinSession(this.session, sessionId, async () => {
        // Another server may lag behind the one that made the node.
        await sameSession(this.session, sessionId).sync(this.#path);
        const stat = await sameSession(this.session, sessionId).exists(this.#path);
        if (stat?.ephemeralOwner !== sessionId) return;
        // Of any version: whoever wrote into it has not made it another's.
        await sameSession(this.session, sessionId).remove(this.#path);
      });
    } catch (error) {
      if (!hasCode(error, 'SESSION_LOST', 'CLOSED', 'AUTH_FAILED', 'NO_NODE')) throw error;
    }
  }
}
