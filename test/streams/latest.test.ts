import { EMPTY, NEVER, Observable, of, range, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { latest } from '../../src/streams/latest';

/** Runs one marble diagram; see https://rxjs.dev/guide/testing/marble-testing for the notation. */
function marbles(test: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  }).run(test);
}

describe('latest', () => {
  it('runs one at a time and then the newest that waits', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = hot('-a-bcd-------------e--|');
      const a$ = cold('     ----x|');
      const d$ = cold('          ----y|');
      const e$ = cold('                       --z|');
      const results: Record<string, typeof a$> = { a: a$, d: d$, e: e$ };
      expectObservable(source$.pipe(latest((name) => results[name]!))).toBe('-----x----y----------z|');
      expectSubscriptions(a$.subscriptions).toBe('-^----!');
      expectSubscriptions(d$.subscriptions).toBe('------^----!');
      expectSubscriptions(e$.subscriptions).toBe('-------------------^--!');
    });
  });

  it('never projects what was overtaken, and numbers the calls', () => {
    const source$ = new Subject<string>();
    const running$ = new Subject<never>();
    const projected: [string, number][] = [];
    source$
      .pipe(
        latest((value, index) => {
          projected.push([value, index]);
          return index === 0 ? running$ : EMPTY;
        }),
      )
      .subscribe();
    for (const value of ['a', 'b', 'c', 'd']) source$.next(value);
    running$.complete();
    source$.next('e');
    expect(projected).toEqual([
      ['a', 0],
      ['d', 1],
      ['e', 2],
    ]);
  });

  it('does not tear a running one down for a newer value', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = hot('-ab-------');
      const inner$ = cold(' -x-x-x---');
      expectObservable(source$.pipe(latest(() => inner$))).toBe('--x-x-x---');
      expectSubscriptions(inner$.subscriptions).toBe('-^');
    });
  });

  it('completes after the last inner, the one that waited included', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const source$ = hot('-ab|');
      expectObservable(source$.pipe(latest((name) => cold('---(x|)', { x: name })))).toBe('----a--(b|)');
    });
  });

  it('completes with a source that gives nothing', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('---|').pipe(latest(() => NEVER))).toBe('---|');
    });
  });

  it('passes an error of the source on and tears the running one down', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const inner$ = cold('          ------');
      expectObservable(hot('-a--#').pipe(latest(() => inner$))).toBe('----#');
      expectSubscriptions(inner$.subscriptions).toBe('-^--!');
    });
  });

  it('passes an error of an inner on and leaves the source', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = hot('-ab-----');
      expectObservable(source$.pipe(latest(() => cold('--#')))).toBe('---#');
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    });
  });

  it('passes on what project throws', () => {
    const thrown = new Error('no');
    const seen: unknown[] = [];
    of('a', 'b')
      .pipe(
        latest((): Observable<never> => {
          throw thrown;
        }),
      )
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([thrown]);
  });

  it('on unsubscribe tears down the running one and drops the one that waits', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = hot('-ab------');
      const inner$ = cold('  ---x--|');
      expectObservable(source$.pipe(latest(() => inner$)), '^----!').toBe('----x');
      expectSubscriptions(source$.subscriptions).toBe('^----!');
      expectSubscriptions(inner$.subscriptions).toBe('-^---!');
    });
  });

  it('can be unsubscribed by its own value, without running the one that waits', () => {
    const projected: number[] = [];
    const subscription = range(1, 3)
      .pipe(
        latest((value) => {
          projected.push(value);
          return Promise.resolve(value);
        }),
      )
      .subscribe(() => {
        subscription.unsubscribe();
      });
    return Promise.resolve()
      .then(() => undefined)
      .then(() => {
        expect(projected).toEqual([1]);
      });
  });

  it('keeps the stack flat over inners that complete at once', () => {
    let sum = 0;
    range(1, 100_000)
      .pipe(latest((value) => of(value)))
      .subscribe((value) => (sum += value));
    expect(sum).toBe(5_000_050_000);
  });

  it('takes a value that its own result brings about after it', () => {
    const source$ = new Subject<number>();
    const seen: number[] = [];
    source$.pipe(latest((value) => of(value, value * 10))).subscribe((value) => {
      seen.push(value);
      if (value === 1) source$.next(2);
    });
    source$.next(1);
    expect(seen).toEqual([1, 10, 2, 20]);
  });
});
