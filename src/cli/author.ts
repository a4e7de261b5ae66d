import { hostname, userInfo } from 'node:os';

/** Who writes, for the history and the catalog: `user@host`. */
export function author(): string {
  return `${user()}@${hostname()}`;
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
