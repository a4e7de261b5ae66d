import { readFileSync } from 'node:fs';

/**
 * Bytes in RAM of a process and of all that it started, a page that several of them use counted once (`Pss` of
 * /proc, as Linux has it).
 */
export function familyBytes(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
  const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  return children.reduce((sum, child) => sum + familyBytes(Number(child)), Number(kib) * 1024);
}
