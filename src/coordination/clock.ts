import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  endWith,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  NEVER,
  skip,
  Subject,
  timer,
  type Observable,
} from 'rxjs';
import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { JoinedSignal } from './joined-signal';
import { OffsetEstimate } from './offset-estimate';
import { hasCode, persistently } from './persistently';
import { firstOf, pause } from './waiting';

/** However often it is wanted, the leader's clock is asked no more often. */
const LEAST_PAUSE_MS = 500;
/** Timers are late by a millisecond or two: so long before the time every turn of the event loop looks at the clock. */
const TIMER_MS = 2;

export interface ClockOptions {
  /** Writes in a row each time that the leader's clock is asked, from 1; more of them narrow the bound. 8 by default. */
  readonly samples?: number;
  /** How often it is asked; 10,000 ms by default. It is also asked at each reconnect, and when `now` finds a new leader. */
  readonly everyMs?: number;
  /**
   * By how many millionths the leader's clock and the local one may drift apart; 500 by default, which is as fast as NTP
   * corrects a clock.
   */
  readonly driftPpm?: number;
  /** Gives up the start; no effect afterwards. */
  readonly signal?: AbortSignal;
}

/** The ensemble's time lies between `time - errorBound` and `time + errorBound`. In milliseconds, with fractions. */
export interface EnsembleTime {
  /** Since 1970. */
  readonly time: number;
  /** Infinity: there is a new leader, whose clock has not been asked yet. */
  readonly errorBound: number;
}

export interface UntilOptions {
  /** Gives up waiting; `AbortSignal.timeout(ms)` is a deadline. */
  readonly signal?: AbortSignal;
  /** Waits, if need be beyond the time, until the error is bound by so much. Any bound but Infinity by default. */
  readonly maxErrorMs?: number;
}

/**
 * Starts to follow the ensemble's time, which is the wall clock of its leader, and resolves when it is known. All who
 * follow the same ensemble agree on it within the sum of their bounds.
 *
 * It is learnt from the times (`mtime`) of writes to the znode `path`, which is made if need be and stays. It is kept by
 * the local monotonic clock, so that setting the local wall clock changes nothing, and a broken connection only widens the
 * bound.
 *
 * Guarantees, as long as no clock drifts faster than `driftPpm`, the leader's clock is not set, and the leader that was
 * last heard of leads: the ensemble's time is within the bound of each reading. When the next leader is heard of, what
 * was learnt of the last one counts for nothing. When the leader's clock was set, the next exchange shows it.
 *
 * What cannot be promised: that time never goes back or jumps, since a new leader has another clock: order events by
 * zxid, not by time. That a host which was suspended (its monotonic clock stands still) notices before it has asked
 * again. That the leader's clock is right: it is the ensemble's, not the world's.
 *
 * Rejects with the signal's reason, with `CLOSED` or `AUTH_FAILED` for the session's end, or with what the server
 * refuses; with `BAD_ARGUMENTS` for arguments that cannot be right.
 */
export async function startClock(
  session: ZooKeeperSession,
  path: string,
  options: ClockOptions = {},
): Promise<EnsembleClock> {
  const { samples = 8, everyMs = 10_000, driftPpm = 500, signal } = options;
  checkArguments({ session, path, options, samples, everyMs, driftPpm, signal });
  const clock = new EnsembleClock(session, path, { samples, everyMs, driftPpm });
  try {
    await clock.ask(signal);
  } catch (error) {
    clock[Symbol.dispose]();
    throw error;
  }
  clock.keep();
  return clock;
}

/** The ensemble's time, until it is disposed of: then it is followed no more, and waits for it reject with `CLOSED`. */
export class EnsembleClock implements Disposable {
  readonly #session: ZooKeeperSession;
  readonly #path: string;
  readonly #samples: number;
  readonly #everyMs: number;
  readonly #driftPpm: number;
  readonly #ended = new AbortController();
  /** Tells that it should be asked before its time. */
  readonly #wanted$ = new Subject<void>();
  readonly #learnt$ = new Subject<void>();
  /** What the server refuses the leader's clock to be asked with. */
  readonly #refused$ = new Subject<unknown>();
  #estimate: OffsetEstimate;
  /** The leader's: the upper half of its zxids. */
  #epoch = '';

  /** @internal Use {@link startClock}. */
  constructor(session: ZooKeeperSession, path: string, options: Required<Omit<ClockOptions, 'signal'>>) {
    this.#session = session;
    this.#path = path;
    this.#samples = options.samples;
    this.#everyMs = options.everyMs;
    this.#driftPpm = options.driftPpm;
    this.#estimate = new OffsetEstimate(this.#driftPpm);
  }

  now(): EnsembleTime {
    const local = performance.now();
    const { offset, errorBound } = this.#estimate.at(local);
    if (epochOf(this.#session.lastZxid) <= this.#epoch) return { time: local + offset, errorBound };
    this.#wanted$.next();
    return { time: local + offset, errorBound: Infinity };
  }

  /**
   * Resolves as soon as the ensemble's time is `time` or later, with the reading that said so: for all who wait for the
   * same time it is then that time, give or take the bound, and how late they were woken. Rejects with the signal's
   * reason, or with `CLOSED` or `AUTH_FAILED` when the clock or its session has ended; with what the server refuses when
   * the error is not bound as it has to be, and cannot be for that.
   */
  async until(time: number, options: UntilOptions = {}): Promise<EnsembleTime> {
    const { signal, maxErrorMs = Number.MAX_VALUE } = options;
    checkArguments({ time, options, signal, maxErrorMs });
    using either = new JoinedSignal(this.#ended.signal, signal);
    const over = either.signal;
    for (;;) {
      over.throwIfAborted();
      const reading = this.now();
      const isKnown = reading.errorBound <= maxErrorMs;
      if (isKnown && reading.time >= time) return reading;
      if (!isKnown) this.#wanted$.next();
      const hopeless$ = isKnown ? NEVER : this.#refused$.pipe(map(rethrow));
      await firstOf(merge(nap(isKnown ? time - reading.time : Infinity), this.#learnt$, hopeless$), over);
    }
  }

  [Symbol.dispose](): void {
    const outcome = { mayHaveHappened: false, retryable: false };
    this.#ended.abort(new ZooKeeperError('CLOSED', 'the clock was disposed of', outcome));
  }

  /** @internal Asks the leader's clock as often as one time wants. Called by {@link startClock}. */
  async ask(signal: AbortSignal | undefined): Promise<void> {
    for (let sample = 0; sample < this.#samples; sample += 1)
      await persistently(this.#session, signal, () => this.#exchange());
    this.#learnt$.next();
  }

  /** @internal Asks again and again, until the end. Called by {@link startClock}. */
  keep(): void {
    const { signal } = this.#ended;
    const { state$ } = this.#session;
    const settled$ = state$.pipe(
      skip(1),
      filter(({ name }) => name === 'CONNECTED' || name === 'AUTH_FAILED'),
    );
    // Asking then fails, as it does after AUTH_FAILED, and that is the end.
    const closed$ = state$.pipe(ignoreElements(), endWith('closed'));
    const again$ = merge(this.#wanted$, settled$, closed$);
    const keeping = async () => {
      for (;;) {
        await firstOf(merge(timer(this.#everyMs), again$), signal);
        try {
          await this.ask(signal);
        } catch (error) {
          // What the server refuses now it may allow later; meanwhile the bound widens.
          if (signal.aborted || hasCode(error, 'CLOSED', 'AUTH_FAILED')) throw error;
          this.#refused$.next(error);
        }
        await pause(LEAST_PAUSE_MS, signal);
      }
    };
    void keeping().catch((error: unknown) => {
      this.#ended.abort(error);
    });
  }

  async #exchange(): Promise<void> {
    const sentAt = performance.now();
    try {
      const { mtime, mzxid } = await this.#session.set(this.#path, new Uint8Array());
      const receivedAt = performance.now();
      if (epochOf(mzxid) !== this.#epoch) {
        this.#epoch = epochOf(mzxid);
        this.#estimate = new OffsetEstimate(this.#driftPpm);
      }
      this.#estimate.learn({ sentAt, receivedAt, said: mtime });
    } catch (error) {
      if (!hasCode(error, 'NO_NODE')) throw error;
      await this.#session.ensurePath(this.#path);
      await this.#exchange();
    }
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** Which term of which leader a zxid belongs to. */
function epochOf(zxid: string): string {
  return zxid.slice(0, 8);
}

/** Ends a little before `remainingMs` are over. */
function nap(remainingMs: number): Observable<unknown> {
  return remainingMs > TIMER_MS ? timer(Math.min(remainingMs - TIMER_MS, 1000)) : from(nextTurn());
}
