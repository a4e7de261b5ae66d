import { MODEL_ERROR_CODES, type ModelErrorCode } from '../errors';
import { amount, fieldsOf, listOf, oneOf, parseFields, text } from './json-fields';

/** Bytes of a status record at the most. */
export const STATUS_MAX_BYTES = 1024;

export const PHASES = [
  'FETCHING',
  'VERIFYING',
  'LOADING',
  'WARMING',
  'STANDBY',
  'SERVING',
  'FAILED',
] as const;
export type Phase = (typeof PHASES)[number];

const CONFIG_STATES = ['DEFAULT', 'APPLIED', 'REFUSED'] as const;

/** What one replica has made of one model's znodes: the data of `/status/<model>/<replica>`. */
export interface StatusRecord {
  readonly replica: string;
  /** What the version znode says; `version` is null when its data is no version. Null: there is no znode. */
  readonly desired: { readonly version: string | null; readonly mzxid: string } | null;
  /** What answers requests, and the mzxid of the znode that asked for it. */
  readonly serving: { readonly version: string; readonly mzxid: string; readonly sha256: string } | null;
  readonly resident: readonly string[];
  readonly config: ConfigStatus;
  /** What serves comes from the disk: it was asked for before the replica was started, and by nothing read since. */
  readonly stale?: true;
  /** Worker threads of what serves; only there while it has fewer than it should. */
  readonly workers?: { readonly alive: number; readonly wanted: number };
  /** Speaks of the desired version, also while an older one serves. */
  readonly phase: Phase;
  readonly error: StatusError | null;
  /** Milliseconds that the last swap took, by part; null where that part was not needed. */
  readonly ms: SwapTimes;
}

export interface ConfigStatus {
  readonly state: (typeof CONFIG_STATES)[number];
  /** Of the config in force; null for the defaults. */
  readonly mzxid: string | null;
  /** The config that was refused, which is newer than the one in force. */
  readonly error?: { readonly mzxid: string; readonly message: string };
}

export interface StatusError {
  readonly code: ModelErrorCode;
  readonly message: string;
  /** Whether the replica goes on trying by itself. */
  readonly retryable: boolean;
}

export interface SwapTimes {
  readonly notify: number | null;
  readonly fetch: number | null;
  readonly load: number | null;
  readonly warm: number | null;
  readonly swap: number | null;
}

/** The record as JSON of at most {@link STATUS_MAX_BYTES}: long messages are cut, then `resident` from its front. */
export function formatStatus(record: StatusRecord): Buffer {
  let fitted = record;
  let data = Buffer.from(JSON.stringify(fitted));
  while (data.byteLength > STATUS_MAX_BYTES) {
    fitted = shortened(fitted);
    data = Buffer.from(JSON.stringify(fitted));
  }
  return data;
}

/** The record in `data`, or undefined when it is not one. Fields it does not know are passed over. */
export function parseStatus(data: Uint8Array): StatusRecord | undefined {
  const fields = parseFields(data);
  if (fields === undefined) return undefined;
  const replica = text(fields['replica']);
  const phase = oneOf(fields['phase'], PHASES);
  const resident = listOf(fields['resident'], text);
  const config = configOf(fields['config']);
  const desired = orNull(fields['desired'], desiredOf);
  const serving = orNull(fields['serving'], servingOf);
  const error = orNull(fields['error'], errorOf);
  if (
    replica === undefined ||
    phase === undefined ||
    resident === undefined ||
    config === undefined ||
    desired === undefined ||
    serving === undefined ||
    error === undefined
  ) {
    return undefined;
  }
  const stale = fields['stale'] === true ? { stale: true as const } : {};
  const workers = workersOf(fields['workers']);
  return {
    replica,
    desired,
    serving,
    resident,
    config,
    ...stale,
    ...workers,
    phase,
    error,
    ms: timesOf(fields['ms']),
  };
}

const SHORTEST_MESSAGE = 80;

/** One step smaller; the fields that remain when nothing is left to cut always fit. */
function shortened(record: StatusRecord): StatusRecord {
  const own = record.error?.message.length ?? 0;
  const refused = record.config.error?.message.length ?? 0;
  const longest = Math.max(own, refused);
  if (longest <= SHORTEST_MESSAGE && record.resident.length > 0) {
    return { ...record, resident: record.resident.slice(1) };
  }
  const length = longest > 2 * SHORTEST_MESSAGE ? Math.floor(longest * 0.9) : longest - 8;
  return {
    ...record,
    error: record.error && { ...record.error, message: cut(record.error.message, length) },
    config: record.config.error
      ? {
          ...record.config,
          error: { ...record.config.error, message: cut(record.config.error.message, length) },
        }
      : record.config,
  };
}

function cut(message: string, length: number): string {
  if (message.length <= length) return message;
  // Half of a surrogate pair at the end would be written as an escape.
  const kept = message.slice(0, Math.max(0, length - 3)).replace(/[\ud800-\udbff]$/, '');
  return `${kept}...`.slice(0, Math.max(0, length));
}

function orNull<T>(value: unknown, read: (value: unknown) => T | undefined): T | null | undefined {
  return value === null ? null : read(value);
}

function desiredOf(value: unknown): StatusRecord['desired'] | undefined {
  const fields = fieldsOf(value);
  const version = orNull(fields?.['version'], text);
  const mzxid = text(fields?.['mzxid']);
  return version === undefined || mzxid === undefined ? undefined : { version, mzxid };
}

function servingOf(value: unknown): StatusRecord['serving'] | undefined {
  const fields = fieldsOf(value);
  const version = text(fields?.['version']);
  const mzxid = text(fields?.['mzxid']);
  const sha256 = text(fields?.['sha256']);
  if (version === undefined || mzxid === undefined || sha256 === undefined) return undefined;
  return { version, mzxid, sha256 };
}

function workersOf(value: unknown): Pick<StatusRecord, 'workers'> {
  const fields = fieldsOf(value);
  const alive = amount(fields?.['alive']);
  const wanted = amount(fields?.['wanted']);
  return alive === undefined || wanted === undefined ? {} : { workers: { alive, wanted } };
}

function configOf(value: unknown): ConfigStatus | undefined {
  const fields = fieldsOf(value);
  const state = oneOf(fields?.['state'], CONFIG_STATES);
  const mzxid = orNull(fields?.['mzxid'], text);
  if (state === undefined || mzxid === undefined) return undefined;
  const error = fieldsOf(fields?.['error']);
  const refused = text(error?.['mzxid']);
  const message = text(error?.['message']);
  return refused === undefined || message === undefined
    ? { state, mzxid }
    : { state, mzxid, error: { mzxid: refused, message } };
}

function errorOf(value: unknown): StatusError | undefined {
  const fields = fieldsOf(value);
  const code = oneOf(fields?.['code'], MODEL_ERROR_CODES);
  const message = text(fields?.['message']);
  if (code === undefined || message === undefined) return undefined;
  return { code, message, retryable: fields?.['retryable'] === true };
}

function timesOf(value: unknown): SwapTimes {
  const fields = fieldsOf(value);
  const part = (name: keyof SwapTimes): number | null => amount(fields?.[name]) ?? null;
  return {
    notify: part('notify'),
    fetch: part('fetch'),
    load: part('load'),
    warm: part('warm'),
    swap: part('swap'),
  };
}
