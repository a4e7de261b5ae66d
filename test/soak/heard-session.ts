import type { ZooKeeperSession } from '../../src/streams/session';

/** What a client has heard of its session. Times are those of `performance.now()`. */
export interface Heard {
  /** When there was no connection; `to` is Infinity until it is back. */
  readonly interruptions: readonly { readonly from: number; readonly to: number }[];
  /** When a session was lost. */
  readonly losses: readonly number[];
}

/** Follows a session until it is closed. */
export function heardOf(session: ZooKeeperSession): Heard {
  const interruptions: { from: number; to: number }[] = [];
  const losses: number[] = [];
  session.state$.subscribe(({ name }) => {
    const now = performance.now();
    const last = interruptions.at(-1);
    if (name === 'CONNECTED') {
      if (last !== undefined) last.to = now;
    } else if (last?.to !== Infinity) interruptions.push({ from: now, to: Infinity });
    if (name === 'LOST') losses.push(now);
  });
  return { interruptions, losses };
}

/** How often there was no connection, at some time between the two. */
export function interruptionsWithin({ interruptions }: Heard, since: number, until: number): number {
  return interruptions.filter(({ from, to }) => from <= until && to >= since).length;
}
