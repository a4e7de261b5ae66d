import type { LogLevel } from './handler-config';
import { isName, NAME_RULE, shown } from './names';

/** What each setting's text may be. Every reader throws an Error that says what came and what would be right. */

/** Znodes of a tree that exists already, used for one model in place of those below the root. Absolute paths. */
export interface PinnedModel {
  readonly model: string;
  readonly versionPath: string;
  readonly configPath?: string;
}

export interface Auth {
  readonly scheme: string;
  readonly credentials: string;
}

const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };
const BODY_LIMIT_MAX = 2 ** 31 - 1;

export function text(value: string): string {
  if (value.trim() === '') throw new Error('is empty');
  return value;
}

/** `host:port,host:port[/chroot]`; the port is 2181 where it is left out. */
export function zookeeper(value: string): string {
  const slash = value.indexOf('/');
  const servers = slash === -1 ? value : value.slice(0, slash);
  const chroot = slash === -1 ? '' : value.slice(slash);
  const complete = servers.split(',').map((server) => {
    const match = /^([^\s:/,]+)(?::(\d{1,5}))?$/.exec(server.trim());
    const host = match?.[1];
    if (host === undefined) {
      throw new Error(`${shown(server)} is no server; expected host:port,host:port[/chroot]`);
    }
    return `${host}:${whole(match?.[2] ?? '2181', 1, 65_535)}`;
  });
  return complete.join(',') + (chroot === '' || chroot === '/' ? '' : znodePath(chroot));
}

/** An absolute znode path; a slash at the end is dropped. */
export function znodePath(value: string): string {
  const path = value.length > 1 && value.endsWith('/') ? value.slice(0, -1) : value;
  if (path === '/') return path;
  const parts = path.split('/');
  const sound =
    parts[0] === '' && parts.slice(1).every((part) => /^[^\s\p{Cc}]+$/u.test(part) && !/^\.\.?$/.test(part));
  if (!sound) throw new Error(`${shown(value)} is no znode path; expected one such as /zooserve`);
  return path;
}

/** `<name>=<version znode>[,<config znode>]` */
export function pinnedModel(value: string): PinnedModel {
  const match = /^([^=]+)=([^,]+)(?:,([^,]+))?$/.exec(value);
  const [, model, versionPath, configPath] = match ?? [];
  if (model === undefined || versionPath === undefined) {
    throw new Error(`${shown(value)} should be <name>=<version znode>[,<config znode>]`);
  }
  if (!isName(model)) throw new Error(`${shown(model)} is no model name; expected ${NAME_RULE}`);
  const pinned = { model, versionPath: znodePath(versionPath) };
  return configPath === undefined ? pinned : { ...pinned, configPath: znodePath(configPath) };
}

export function pinnedModels(values: readonly string[]): readonly PinnedModel[] {
  const models = values.map(pinnedModel);
  const twice = models.find((one, index) => models.findIndex((other) => other.model === one.model) !== index);
  if (twice !== undefined) throw new Error(`the model ${twice.model} is given twice`);
  return Object.freeze(models);
}

/** `scheme:credentials`, as in `digest:user:password`. */
export function auth(value: string): Auth {
  const colon = value.indexOf(':');
  // The value is not shown: it holds a password.
  if (colon < 1 || colon === value.length - 1) throw new Error('should be such as digest:user:password');
  return Object.freeze({ scheme: value.slice(0, colon), credentials: value.slice(colon + 1) });
}

export function sessionTimeout(value: string): number {
  return whole(value, 200, 3_600_000);
}

export function port(value: string): number {
  return whole(value, 0, 65_535);
}

export function workers(value: string): number {
  return whole(value, 1, 64);
}

export function replicaName(value: string): string {
  if (!isName(value)) throw new Error(`${shown(value)} is no replica name; expected ${NAME_RULE}`);
  return value;
}

export function onOff(value: string): boolean {
  const word = value.trim().toLowerCase();
  if (['on', 'true', '1', 'yes'].includes(word)) return true;
  if (['off', 'false', '0', 'no'].includes(word)) return false;
  throw new Error(`${shown(value)} is neither on nor off`);
}

/** Bytes, or a number with `KiB`, `MiB` or `GiB`. */
export function bodyLimit(value: string): number {
  const bytes = size(value);
  if (!(bytes >= 1 && bytes <= BODY_LIMIT_MAX)) {
    throw new Error(`${shown(value)} is no size from 1 to ${BODY_LIMIT_MAX} bytes, such as 64MiB`);
  }
  return bytes;
}

/** As {@link bodyLimit}, from 1 MiB on: less holds no model. */
export function memoryBudget(value: string): number {
  const bytes = size(value);
  if (!(bytes >= 2 ** 20)) throw new Error(`${shown(value)} is no size from 1MiB, such as 2GiB`);
  return bytes;
}

/** NaN when it is none. */
function size(value: string): number {
  const match = /^(\d{1,15})\s*([kmg]ib|b)?$/i.exec(value.trim());
  const unit = UNITS[(match?.[2] ?? '').toLowerCase()];
  return Number(match?.[1]) * (unit ?? Number.NaN);
}

export function logLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value.trim().toLowerCase());
  if (level === undefined) throw new Error(`${shown(value)} is none of ${LOG_LEVELS.join(', ')}`);
  return level;
}

function whole(value: string, least: number, most: number): number {
  const number = /^\d{1,10}$/.test(value.trim()) ? Number(value.trim()) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new Error(`${shown(value)} is no whole number from ${least} to ${most}`);
  }
  return number;
}
