import { inspect } from 'node:util';
import { ZooKeeperError } from '../errors';

/** Characters that ZooKeeper allows in no path. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/u;

/** `path`, if it is one that a ZooKeeper server takes; throws `BAD_ARGUMENTS` otherwise, and says why. */
export function checkedPath(path: string): string {
  const problem = pathProblem(path);
  if (problem !== undefined) {
    const shown = typeof path === 'string' ? JSON.stringify(path) : inspect(path, { depth: 0 });
    throw new ZooKeeperError('BAD_ARGUMENTS', `${shown} is no znode path: ${problem}`, {
      path,
      mayHaveHappened: false,
      retryable: false,
    });
  }
  return path;
}

/** `/a/b/c` gives `/a`, `/a/b`, `/a/b/c`. */
export function pathAndParents(path: string): string[] {
  const names = path.split('/').slice(1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}

/** The path as the server knows it. */
export function withChroot(chroot: string, path: string): string {
  if (chroot === '') return path;
  return path === '/' ? chroot : chroot + path;
}

/** The path as the user of the session knows it. */
export function withoutChroot(chroot: string, path: string): string {
  if (path === chroot) return '/';
  return path.startsWith(`${chroot}/`) ? path.slice(chroot.length) : path;
}

/** What is wrong with a path, which in JavaScript may be anything; undefined: nothing. */
export function pathProblem(path: unknown): string | undefined {
  if (typeof path !== 'string') return 'it is no text';
  if (!path.startsWith('/')) return 'it does not start with a slash';
  if (path === '/') return undefined;
  if (path.endsWith('/')) return 'it ends with a slash';
  if (FORBIDDEN.test(path)) return 'it has a character that ZooKeeper does not allow';
  const names = path.slice(1).split('/');
  if (names.includes('')) return 'it has an empty name';
  if (names.includes('.') || names.includes('..')) return 'a name may not be . or ..';
  return undefined;
}
