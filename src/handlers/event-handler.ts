import { Observable, type Subscription, defer, tap } from 'rxjs';
import type { Logger } from 'pino';
import { latest } from '../streams/latest';
import { errorMessage } from '../errors';

/** What sets a function off: a znode that changes, or a state of this replica that changes. Log lines name the kind. */
export interface Trigger<Context, Event> {
  readonly kind: 'znode' | 'state';
  readonly events$: (context: Context) => Observable<Event>;
}

/**
 * An event-driven function: a trigger and what to do about it. Runs are level-triggered: one at a time, and
 * of the events that arrive meanwhile only the newest is run afterwards.
 */
export interface EventHandler<Context, Event> {
  readonly name: string;
  readonly trigger: Trigger<Context, Event>;
  /** Called at once on every event, also while an older one still runs: to note what is wanted. */
  readonly note?: (event: Event, context: Context) => void;
  /**
   * Acts on one event. `signal` is aborted when a newer event has arrived or the handler is stopped: what is
   * waiting should give up, what is under way should finish and then be dropped. What it throws is logged; the
   * next event runs all the same.
   */
  readonly run: (event: Event, context: Context, signal: AbortSignal) => Promise<void>;
}

/** Types a declaration; nothing happens until {@link startHandler}. */
export function declareHandler<Context, Event>(
  handler: EventHandler<Context, Event>,
): EventHandler<Context, Event> {
  return handler;
}

/** A handler at work. */
export interface RunningHandler {
  /** Takes no more events, aborts the run under way and resolves when it has ended. */
  stop(): Promise<void>;
}

/** Subscribes `handler` to its trigger. */
export function startHandler<Context, Event>(
  handler: EventHandler<Context, Event>,
  context: Context,
  log: Logger,
): RunningHandler {
  const { name, trigger } = handler;
  const failed = (error: unknown, what: string): void => {
    log.error({ handler: name, trigger: trigger.kind, error: errorMessage(error) }, `${name} ${what}`);
  };
  let newest = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const runOne = async (event: Event, signal: AbortSignal): Promise<void> => {
    try {
      await handler.run(event, context, signal);
    } catch (error) {
      failed(error, 'failed');
    }
  };
  const subscription: Subscription = trigger
    .events$(context)
    .pipe(
      tap((event) => {
        newest.abort();
        newest = new AbortController();
        handler.note?.(event, context);
      }),
      latest((event) => {
        const { signal } = newest;
        return defer(() => (running = runOne(event, signal)));
      }),
    )
    .subscribe({
      error: (error: unknown) => {
        failed(error, 'lost its trigger and follows nothing from here on');
      },
    });
  return {
    async stop() {
      subscription.unsubscribe();
      newest.abort();
      await running;
    },
  };
}
