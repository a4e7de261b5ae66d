import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds since a thread began, by the kernel's account (`schedstat` of /proc, as Linux has it). */
export interface ThreadTime {
  /** On a processor. */
  readonly ran: number;
  /** Ready to run, with no processor free for it. */
  readonly waited: number;
}

/** Of each thread of a process, by its number; the first one's number is that of the process. */
export function threadTimes(pid: number): ReadonlyMap<number, ThreadTime> {
  const times = new Map<number, ThreadTime>();
  for (const name of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [ran, waited] = readFileSync(`/proc/${pid}/task/${name}/schedstat`, 'latin1')
        .split(' ')
        .map(Number);
      times.set(Number(name), { ran: (ran ?? NaN) / 1e6, waited: (waited ?? NaN) / 1e6 });
    } catch {
      // It has ended meanwhile.
    }
  }
  return times;
}

type Times = ReadonlyMap<number, ThreadTime>;

/** What the first thread did between two looks, and the one beside it that ran longest: a server's event loop and worker. */
export function busiest(pid: number, before: Times, after: Times): { first: ThreadTime; beside: ThreadTime } {
  const between = (thread: number): ThreadTime => {
    const [from, to] = [before.get(thread), after.get(thread)];
    return { ran: (to?.ran ?? NaN) - (from?.ran ?? 0), waited: (to?.waited ?? NaN) - (from?.waited ?? 0) };
  };
  const others = [...after.keys()].filter((thread) => thread !== pid).map(between);
  const beside = others.reduce((most, one) => (one.ran > most.ran ? one : most), { ran: 0, waited: 0 });
  return { first: between(pid), beside };
}
