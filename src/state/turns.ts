import {
  BehaviorSubject,
  filter,
  firstValueFrom,
  fromEvent,
  NEVER,
  type Observable,
  switchMap,
  takeUntil,
  timer,
} from 'rxjs';

/** How long nothing else may have begun or ended before a work that has to be alone begins. */
const QUIET_MS = 500;

/** Works that run beside each other, and works that run when nothing else does. */
export class Turns {
  readonly #state$ = new BehaviorSubject({ together: 0, alone: false });
  readonly #quietMs: number;

  constructor(quietMs = QUIET_MS) {
    this.#quietMs = quietMs;
  }

  /** Runs `work` at once, unless one that has to be alone runs. Rejects when `signal` is aborted before it begins. */
  async together<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    while (this.#state$.value.alone) {
      await this.#until(this.#state$.pipe(filter(({ alone }) => !alone)), signal);
    }
    this.#add(1);
    try {
      return await work();
    } finally {
      this.#add(-1);
    }
  }

  /** Runs `work` when nothing else has run for a while, and nothing else meanwhile. Rejects as `together` does. */
  async alone<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const quiet$ = this.#state$.pipe(
      switchMap(({ together, alone }) => (together === 0 && !alone ? timer(this.#quietMs) : NEVER)),
    );
    do {
      await this.#until(quiet$, signal);
    } while (this.#state$.value.together > 0 || this.#state$.value.alone);
    this.#state$.next({ together: 0, alone: true });
    try {
      return await work();
    } finally {
      this.#state$.next({ together: 0, alone: false });
    }
  }

  async #until(moment$: Observable<unknown>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await firstValueFrom(moment$.pipe(takeUntil(fromEvent(signal, 'abort'))), { defaultValue: undefined });
    signal.throwIfAborted();
  }

  #add(change: number): void {
    const { together, alone } = this.#state$.value;
    this.#state$.next({ together: together + change, alone });
  }
}
