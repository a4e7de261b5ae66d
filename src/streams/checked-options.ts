import { badArgument, isWhole } from './bad-argument';
import type { SessionOptions } from './session-options';

/** Milliseconds as ZooKeeper's protocol writes them, and the longest that a timer of Node.js runs. */
const LONGEST_MS = 2 ** 31 - 1;
/** Some eleven days, and more than half as long again is still a time that a timer runs. */
const LONGEST_AUDIT_MS = 1_000_000_000;
const ALL_RIGHTS = 31;

/** `options`, if they are such that a session can be kept with them; throws `BAD_ARGUMENTS` otherwise. */
export function checkedOptions(options: SessionOptions): SessionOptions {
  checkKinds(options);
  const { sessionTimeoutMs, auditEveryMs = 0, acl = [] } = options;
  if (!isWhole(sessionTimeoutMs, 1, LONGEST_MS)) {
    const right = `a whole number of milliseconds from 1 to ${LONGEST_MS}`;
    throw badArgument('sessionTimeoutMs', sessionTimeoutMs, right);
  }
  if (!(auditEveryMs >= 0 && auditEveryMs <= LONGEST_AUDIT_MS)) {
    const right = `a number of milliseconds up to ${LONGEST_AUDIT_MS}, or 0 for never`;
    throw badArgument('auditEveryMs', auditEveryMs, right);
  }
  const odd = acl.findIndex(({ permissions }) => !isWhole(permissions, 0, ALL_RIGHTS));
  if (odd !== -1) {
    const right = `a sum of 1 (r), 2 (w), 4 (c), 8 (d) and 16 (a)`;
    throw badArgument(`acl[${odd}].permissions`, acl[odd]?.permissions, right);
  }
  return options;
}

/** In JavaScript they may be anything. */
function checkKinds(options: SessionOptions): void {
  if (!isObject(options)) throw badArgument('options', options, 'an object, with connectString and others');
  const { connectString, auth, acl, tls, lookup } = options;
  if (typeof connectString !== 'string')
    throw badArgument('connectString', connectString, 'host:port, as text');
  if (auth !== undefined) {
    const right = "{ scheme: 'digest', credentials: 'user:password' } or alike, both text";
    // Not shown: there is a password in it.
    const sound = isObject(auth) && typeof auth.scheme === 'string' && typeof auth.credentials === 'string';
    if (!sound) throw badArgument('auth', '(not shown)', right);
  }
  if (acl !== undefined && !Array.isArray(acl)) throw badArgument('acl', acl, 'an array: parseAcl makes one');
  for (const [name, value] of Object.entries({ tls, lookup }))
    if (value !== undefined && typeof value !== 'function') throw badArgument(name, value, 'a function');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
