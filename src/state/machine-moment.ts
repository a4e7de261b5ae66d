import { readFile } from 'node:fs/promises';

/** What tells later whether the machine itself has ended a process since. */
export interface MachineMoment {
  /** Another one after each start of the machine; empty where the system does not tell. */
  readonly boot: string;
  /** Processes that the kernel has ended for want of memory since then; 0 where the system does not tell. */
  readonly outOfMemoryKills: number;
}

/** As Linux tells it, to whoever asks. */
export async function machineMoment(proc = '/proc'): Promise<MachineMoment> {
  const [boot, figures] = await Promise.all([
    read(`${proc}/sys/kernel/random/boot_id`),
    read(`${proc}/vmstat`),
  ]);
  return { boot: boot.trim(), outOfMemoryKills: Number(/^oom_kill (\d+)$/m.exec(figures)?.[1] ?? 0) };
}

/** Whether a process that ended between the two may have been ended by the machine. */
export function machineMayHaveEndedIt(then: MachineMoment, now: MachineMoment): boolean {
  const restarted = then.boot !== '' && now.boot !== '' && then.boot !== now.boot;
  return restarted || now.outOfMemoryKills > then.outOfMemoryKills;
}

function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
