import { isPromise } from 'node:util/types';
import type { Logger } from 'pino';
import { Observable, type Observer, type OperatorFunction, type Subscription } from 'rxjs';
import { errorMessage } from '../errors';

type Listener<T> = Partial<Observer<T>> | ((value: T) => void) | null;

/**
 * `source$`, whose subscribers harm nobody: what one throws, or rejects with if it is async, and an error that it does
 * not handle, goes to `log`, or becomes a warning of the process where there is no log. It stays subscribed. RxJS throws
 * that out of a timer instead, which ends the process unless it is told otherwise for the whole process
 * (`config.onUnhandledError`), which is not for a library to do.
 *
 * What is made by `pipe` is as harmless. What functions make of several observables (`merge(a$, b$)`) is not: to those
 * who subscribe to that, RxJS's own rule applies.
 */
export function harmless<T>(source$: Observable<T>, log: Logger | undefined): Observable<T> {
  const harmless$ = new Observable<T>((subscriber) => source$.subscribe(subscriber));
  return Object.assign(harmless$, {
    subscribe(
      listener?: Listener<T>,
      error?: ((thrown: unknown) => void) | null,
      complete?: (() => void) | null,
    ): Subscription {
      const isObserver = typeof listener === 'object' && listener !== null;
      // An operator's subscriber hands on what its function throws, and ends what it has subscribed to.
      if (isObserver && 'add' in listener) return source$.subscribe(listener);
      const observer = isObserver ? listener : { next: listener, error, complete };
      return source$.subscribe(guarded(observer, log));
    },
    pipe(...operators: readonly OperatorFunction<never, unknown>[]): Observable<never> {
      // Each is given what the one before makes: the type of `pipe` sees to it.
      const piped$ = operators.reduce<Observable<unknown>>(
        (before$, project) => project(before$ as Observable<never>),
        harmless$,
      );
      return harmless(piped$, log) as Observable<never>;
    },
  });
}

/** What a subscriber gave, of which any part may be missing. */
interface Observing<T> {
  next?: ((value: T) => void) | null | undefined;
  error?: ((thrown: unknown) => void) | null | undefined;
  complete?: (() => void) | null | undefined;
}

function guarded<T>(observer: Observing<T>, log: Logger | undefined): Observer<T> {
  const threw = (error: unknown): void => {
    report(error, 'a subscriber threw', log);
  };
  const guard = (call: () => unknown): void => {
    try {
      const returned = call();
      // Of an async function.
      if (isPromise(returned)) returned.catch(threw);
    } catch (error) {
      threw(error);
    }
  };
  return {
    next: (value) => {
      guard(() => observer.next?.(value));
    },
    error: (thrown: unknown) => {
      if (observer.error == null) report(thrown, 'an error that a subscriber does not handle', log);
      else guard(() => observer.error?.(thrown));
    },
    complete: () => {
      guard(() => observer.complete?.());
    },
  };
}

/** Tells of an error that nobody handles: to `log`, or as a warning of the process where there is none. */
export function report(error: unknown, what: string, log: Logger | undefined): void {
  if (log !== undefined) {
    log.error({ err: error }, what);
    return;
  }
  const detail = error instanceof Error ? error.stack : undefined;
  const options = { type: 'UnhandledErrorWarning', ...(detail === undefined ? {} : { detail }) };
  process.emitWarning(`${what}: ${errorMessage(error)}`, options);
}
