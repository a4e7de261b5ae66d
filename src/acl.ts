import { isIP } from 'node:net';
import { shown } from './names';

/** Who may do what with a znode, as ZooKeeper has it: the bits of `permissions` are {@link PERMISSIONS}. */
export interface AclEntry {
  readonly scheme: string;
  readonly id: string;
  readonly permissions: number;
}

/** ZooKeeper's rights and the letters that `zkCli.sh` has for them. */
export const PERMISSIONS = { r: 1, w: 2, c: 4, d: 8, a: 16 } as const;

/** Everybody may do everything. */
export const OPEN: readonly AclEntry[] = Object.freeze([{ scheme: 'world', id: 'anyone', permissions: 31 }]);

/** Whoever makes a znode may do everything with it, everybody else may read it: `auth::cdrwa,world:anyone:r`. */
export const OWN_AND_READABLE: readonly AclEntry[] = Object.freeze([
  { scheme: 'auth', id: '', permissions: 31 },
  { scheme: 'world', id: 'anyone', permissions: PERMISSIONS.r },
]);

/** What an identity looks like in each scheme that ZooKeeper has; the words for one that does not. */
const SCHEMES = new Map<string, (id: string) => string | undefined>([
  ['world', (id) => (id === 'anyone' ? undefined : 'world has one identity: world:anyone')],
  ['auth', (id) => (id === '' ? undefined : 'auth means whoever creates the znode: auth::cdrwa')],
  ['digest', digestProblem],
  ['ip', addressProblem],
  ['x509', (id) => (id === '' ? 'the name in the certificate is missing' : undefined)],
  ['sasl', (id) => (id === '' ? 'the principal is missing' : undefined)],
]);

/**
 * Reads the notation of `zkCli.sh`: `scheme:id:permissions`, several separated by commas. Throws an Error that says
 * what is wrong, and shows no identity, since a password may stand there by mistake.
 */
export function parseAcl(text: string): readonly AclEntry[] {
  const entries = text.split(',').map((part, index) => parseEntry(part.trim(), `entry ${index + 1}`));
  const again = entries.findIndex(
    (one, index) => index > entries.findIndex((other) => sameIdentity(one, other)),
  );
  if (again !== -1) throw new Error(`entry ${again + 1} is for an identity that has one already`);
  return Object.freeze(entries);
}

function parseEntry(text: string, which: string): AclEntry {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first < 1 || first === last) {
    throw new Error(`${which} should be scheme:id:permissions, such as world:anyone:r or auth::cdrwa`);
  }
  const scheme = text.slice(0, first);
  const id = text.slice(first + 1, last);
  const problemOf = SCHEMES.get(scheme);
  if (problemOf === undefined) {
    throw new Error(`${which}: ${shown(scheme)} is no scheme; there are ${[...SCHEMES.keys()].join(', ')}`);
  }
  const problem = problemOf(id);
  if (problem !== undefined) throw new Error(`${which}: ${problem}`);
  return Object.freeze({ scheme, id, permissions: permissionsOf(text.slice(last + 1), which) });
}

function permissionsOf(letters: string, which: string): number {
  if (!/^[rwcda]+$/.test(letters) || new Set(letters).size !== letters.length) {
    throw new Error(`${which} should end in its permissions, some of c, d, r, w and a, each once`);
  }
  return Object.entries(PERMISSIONS).reduce(
    (bits, [letter, bit]) => (letters.includes(letter) ? bits | bit : bits),
    0,
  );
}

/** A password in clear is the usual mistake; it would be a hash that nobody's password has. */
function digestProblem(id: string): string | undefined {
  return /^[^:]+:[A-Za-z0-9+/]{27}=$/.test(id)
    ? undefined
    : 'digest takes user:hash:permissions, where hash is base64(sha1("user:password")), 28 letters';
}

function addressProblem(id: string): string | undefined {
  const [address = '', bits, ...rest] = id.split('/');
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const sound = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return version !== 0 && sound && rest.length === 0
    ? undefined
    : 'ip takes an address, or address/bits as in 10.0.0.0/8';
}

function sameIdentity(one: AclEntry, other: AclEntry): boolean {
  return one.scheme === other.scheme && one.id === other.id;
}
