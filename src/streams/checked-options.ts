import { ZooKeeperError } from '../errors';
import type { SessionOptions } from './session-options';

/** Milliseconds as ZooKeeper's protocol writes them, and the longest that a timer of Node.js runs. */
const LONGEST_MS = 2 ** 31 - 1;
/** Some eleven days, and more than half as long again is still a time that a timer runs. */
const LONGEST_AUDIT_MS = 1_000_000_000;
const ALL_RIGHTS = 31;

/** `options`, if their numbers are such that a session can be kept with them; throws `BAD_ARGUMENTS` otherwise. */
export function checkedOptions(options: SessionOptions): SessionOptions {
  const { sessionTimeoutMs, auditEveryMs = 0, acl = [] } = options;
  if (!isWhole(sessionTimeoutMs, 1, LONGEST_MS)) {
    throw bad('sessionTimeoutMs', sessionTimeoutMs, `a whole number of milliseconds from 1 to ${LONGEST_MS}`);
  }
  if (!(auditEveryMs >= 0 && auditEveryMs <= LONGEST_AUDIT_MS)) {
    const right = `a number of milliseconds up to ${LONGEST_AUDIT_MS}, or 0 for never`;
    throw bad('auditEveryMs', auditEveryMs, right);
  }
  const odd = acl.findIndex(({ permissions }) => !isWhole(permissions, 0, ALL_RIGHTS));
  if (odd !== -1) {
    const right = `a sum of 1 (r), 2 (w), 4 (c), 8 (d) and 16 (a)`;
    throw bad(`acl[${odd}].permissions`, acl[odd]?.permissions, right);
  }
  return options;
}

function isWhole(number: unknown, least: number, most: number): boolean {
  return Number.isInteger(number) && Number(number) >= least && Number(number) <= most;
}

function bad(option: string, value: unknown, right: string): ZooKeeperError {
  return new ZooKeeperError('BAD_ARGUMENTS', `${option} is ${String(value)}; it has to be ${right}`, {
    mayHaveHappened: false,
    retryable: false,
  });
}
