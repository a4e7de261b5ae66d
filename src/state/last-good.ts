import { ConfigError } from '../errors';
import { CONFIG_MAX_BYTES, parseHandlerConfig } from '../handler-config';
import { isName } from '../names';
import { fileDigests, type FileDigests } from '../registry/file-digests';
import { amount, type Fields, fieldsOf, listOf, text } from '../registry/json-fields';
import type { History as World } from '../streams/history';

/** A version that has served here. */
export interface GoodVersion {
  readonly model: string;
  readonly version: string;
  /** Of the write that asked for the version. */
  readonly mzxid: string;
  /** Of the `model.onnx` that served. */
  readonly sha256: string;
  /** Those beside it that were read. Not known of what an earlier release wrote. */
  readonly files?: FileDigests | undefined;
}

/** What served last of one model, and what was in force then. */
export interface GoodModel extends GoodVersion {
  /** The config in force, JSON, and its mzxid; null for the defaults. */
  readonly config: { readonly text: string; readonly mzxid: string } | null;
}

/** What a replica needs to serve while the ensemble is away. */
export interface LastGood {
  /** Milliseconds since 1970 when it was written. */
  readonly savedAt: number;
  /** The czxid of `/models`, which tells a model that was removed from a tree that went. */
  readonly tree: string | null;
  readonly models: readonly GoodModel[];
  /** By what the ensemble is known again; null when it was never reached. */
  readonly world: World | null;
}

export type { World };

export const NOTHING_GOOD: LastGood = { savedAt: 0, tree: null, models: [], world: null };

/**
 * The state in `value`; undefined when it is none. A model of which something is not valid is left out: every name
 * is one that may be part of a path, every config one that may be in force.
 */
export function parseLastGood(value: unknown): LastGood | undefined {
  const fields = fieldsOf(value);
  const savedAt = amount(fields?.['savedAt']);
  const tree = fields?.['tree'] === null ? null : zxid(fields?.['tree']);
  const models = fields?.['models'];
  if (savedAt === undefined || tree === undefined || !Array.isArray(models)) return undefined;
  const found = models.map(goodModel).filter((model) => model !== undefined);
  return { savedAt, tree, models: found, world: world(fields?.['world']) };
}

function world(value: unknown): World | null {
  const fields = fieldsOf(value);
  const [highest, asOf] = [zxid(fields?.['zxid']), zxid(fields?.['asOf'])];
  const accepted = listOf(fields?.['accepted'], text);
  const voided = listOf(fields?.['voided'], text);
  if (highest === undefined || asOf === undefined || accepted === undefined || voided === undefined)
    return null;
  const landmark = fieldsOf(fields?.['landmark']);
  const czxid = zxid(landmark?.['czxid']);
  const ctime = amount(landmark?.['ctime']);
  const known = czxid === undefined || ctime === undefined ? null : { czxid, ctime };
  return { zxid: highest, asOf, accepted, voided, landmark: known };
}

function goodModel(value: unknown): GoodModel | undefined {
  const fields = fieldsOf(value);
  const version = goodVersion(fields);
  const config = fields?.['config'] === null ? null : goodConfig(fields?.['config']);
  return version === undefined || config === undefined ? undefined : { ...version, config };
}

/** The version in `fields`; undefined when there is none, or something of it is not valid. */
export function goodVersion(fields: Fields | undefined): GoodVersion | undefined {
  const model = name(fields?.['model']);
  const version = name(fields?.['version']);
  const mzxid = zxid(fields?.['mzxid']);
  const sha256 = hex(fields?.['sha256'], 64);
  const files = fileDigests(fields?.['files']);
  if (model === undefined || version === undefined || mzxid === undefined || sha256 === undefined) {
    return undefined;
  }
  if (files === undefined && fields?.['files'] !== undefined) return undefined;
  return { model, version, mzxid, sha256, ...(files === undefined ? {} : { files }) };
}

function goodConfig(value: unknown): GoodModel['config'] | undefined {
  const fields = fieldsOf(value);
  const json = text(fields?.['text']);
  const mzxid = zxid(fields?.['mzxid']);
  if (json === undefined || mzxid === undefined || json.length > CONFIG_MAX_BYTES) return undefined;
  try {
    parseHandlerConfig(Buffer.from(json));
    return { text: json, mzxid };
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

export function name(value: unknown): string | undefined {
  const found = text(value);
  return found !== undefined && isName(found) ? found : undefined;
}

export function zxid(value: unknown): string | undefined {
  return hex(value, 16);
}

function hex(value: unknown, digits: number): string | undefined {
  const found = text(value);
  return found?.length === digits && /^[0-9a-f]+$/.test(found) ? found : undefined;
}
