import { from, Observable, Subscription, type ObservableInput, type OperatorFunction } from 'rxjs';

/**
 * Runs `project` for one value at a time; of the values that arrive meanwhile only the newest waits, the others
 * are never projected. A running inner observable is not torn down by newer values (as `switchMap` would, and
 * leak what it was making), and stale values do not queue up (as with `concatMap`).
 *
 * An error of the source, of `project` or of an inner observable goes on to the result and ends all. When the
 * source completes, the running inner and the value that waits are still seen through. Unsubscribing tears the
 * running inner down and drops the value that waits.
 *
 * `index` counts the calls of `project`.
 */
export function latest<T, R>(
  project: (value: T, index: number) => ObservableInput<R>,
): OperatorFunction<T, R> {
  return (source$) =>
    new Observable<R>((subscriber) => {
      let index = 0;
      let waiting: { readonly value: T } | undefined;
      let running = false;
      let sourceDone = false;

      // A loop and not recursion: inners that complete at once must not pile up on the stack.
      const runWaiting = () => {
        while (!running && waiting !== undefined && !subscriber.closed) {
          const { value } = waiting;
          waiting = undefined;
          running = true;
          run(value);
        }
        if (!running && sourceDone) subscriber.complete();
      };
      const run = (value: T) => {
        let inner$: Observable<R>;
        try {
          inner$ = from(project(value, index++));
        } catch (error) {
          subscriber.error(error);
          return;
        }
        let starting = true;
        const inner = new Subscription();
        subscriber.add(inner);
        inner.add(
          inner$.subscribe({
            next: (result) => {
              subscriber.next(result);
            },
            error: (error: unknown) => {
              subscriber.error(error);
            },
            complete: () => {
              running = false;
              subscriber.remove(inner);
              if (!starting) runWaiting();
            },
          }),
        );
        starting = false;
      };

      subscriber.add(
        source$.subscribe({
          next: (value) => {
            waiting = { value };
            runWaiting();
          },
          error: (error: unknown) => {
            subscriber.error(error);
          },
          complete: () => {
            sourceDone = true;
            runWaiting();
          },
        }),
      );
    });
}
