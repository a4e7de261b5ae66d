import { readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Next to threads of the usual niceness, 0, a thread gets a tenth of a core that all of them want. */
const LOW = 10;
/** Bit of CAP_SYS_NICE in a set of capabilities. */
const SYS_NICE = 23n;

/** On Linux a thread has a niceness of its own, on other systems it is the whole process that would be lowered. */
const ONE_THREAD = process.platform === 'linux';

const usual = getPriority();

/**
 * Lets the threads that answer requests go first, until {@link takeTurn}; only where that may be taken back, which
 * takes the capability SYS_NICE or a limit for it (`ulimit -e`, systemd's `LimitNICE=`).
 */
export function giveWay(): void {
  if (ONE_THREAD && mayTakeBack()) setPriority(Math.max(usual, LOW));
}

/** Back to the niceness that the thread began with. */
export function takeTurn(): void {
  if (ONE_THREAD && getPriority() !== usual) setPriority(usual);
}

/** For a thread that has nothing to do any more but to end. */
export function giveWayForGood(): void {
  if (ONE_THREAD) setPriority(Math.max(usual, LOW));
}

function mayTakeBack(): boolean {
  try {
    const status = readFileSync('/proc/thread-self/status', 'latin1');
    const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
    if ((BigInt(`0x${capabilities}`) >> SYS_NICE) & 1n) return true;
    const limits = readFileSync('/proc/self/limits', 'latin1');
    // 20 stands for niceness 0, 40 for -20.
    const most = /^Max nice priority\s+(\d+|unlimited)/m.exec(limits)?.[1] ?? '0';
    return most === 'unlimited' || 20 - Number(most) <= usual;
  } catch {
    return false;
  }
}
