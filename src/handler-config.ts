import { Ajv2020, type ErrorObject } from 'ajv/dist/2020';
import schema from './handler-config.schema.json';
import { ConfigError, errorMessage } from './errors';

/**
 * The live handler config of one model on one replica: the data of `/models/<model>/config` with the defaults
 * filled in, frozen to the bottom. A request reads one of these from beginning to end. The JSON Schema beside
 * this file is the public definition of every key, range and default.
 */
export interface HandlerConfig {
  readonly batching: { readonly maxRows: number; readonly maxDelayMs: number };
  readonly admission: {
    readonly maxConcurrent: number;
    readonly maxQueued: number;
    readonly timeoutMs: number;
  };
  readonly session: SessionConfig;
  readonly residency: { readonly keepPrevious: number };
  readonly log: { readonly level: LogLevel; readonly sampleRate: number };
  readonly params: Readonly<Record<string, unknown>>;
}

export interface SessionConfig {
  readonly intraOpThreads: number;
  readonly executionProviders: readonly string[];
  readonly graphOptimization: 'disabled' | 'basic' | 'extended' | 'all';
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Bytes of a config znode that are read at the most; ZooKeeper's own limit is 1 MiB. */
export const CONFIG_MAX_BYTES = 65_536;

export { schema as handlerConfigSchema };

const ajv = new Ajv2020({ allErrors: false, useDefaults: false, strict: true });
const validate = ajv.compile<PartialConfig>(schema);

type PartialConfig = { readonly [Section in keyof HandlerConfig]?: Partial<HandlerConfig[Section]> };

const DEFAULTS: HandlerConfig = deepFreeze({
  batching: defaultsOf('batching'),
  admission: defaultsOf('admission'),
  session: defaultsOf('session'),
  residency: defaultsOf('residency'),
  log: defaultsOf('log'),
  params: {},
});

/** The config of a model whose config znode is absent or empty. */
export const DEFAULT_CONFIG = DEFAULTS;

/**
 * The config that `data` says, whole, or a {@link ConfigError} that names the JSON path of the first thing
 * that is wrong with it. Empty data (or white space) means all defaults.
 */
export function parseHandlerConfig(data: Uint8Array): HandlerConfig {
  if (data.byteLength > CONFIG_MAX_BYTES) {
    throw new ConfigError(
      '$',
      `the config has ${data.byteLength} bytes; at most ${CONFIG_MAX_BYTES} are read`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch (cause) {
    throw new ConfigError('$', 'the config is not valid UTF-8; it must be a JSON object', { cause });
  }
  if (text.trim() === '') return DEFAULTS;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError('$', `the config is not valid JSON: ${errorMessage(cause)}`, { cause });
  }
  if (!validate(value)) throw configError(validate.errors?.[0]);
  return deepFreeze({
    batching: { ...DEFAULTS.batching, ...value.batching },
    admission: { ...DEFAULTS.admission, ...value.admission },
    session: { ...DEFAULTS.session, ...value.session },
    residency: { ...DEFAULTS.residency, ...value.residency },
    log: { ...DEFAULTS.log, ...value.log },
    params: { ...value.params },
  });
}

function configError(error: ErrorObject | undefined): ConfigError {
  if (error === undefined) return new ConfigError('$', 'the config does not fit its schema');
  const parent = jsonPath(error.instancePath);
  // Ajv types `params` loosely: its shape depends on the keyword.
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'additionalProperties') {
    const key = String(params['additionalProperty']);
    const known = Object.keys(propertiesAt(error.instancePath)).join(', ');
    return new ConfigError(
      `${parent}.${key}`,
      `${parent}.${key} is not a key of the config; known here: ${known}`,
    );
  }
  if (error.keyword === 'enum') {
    return new ConfigError(parent, `${parent} must be one of ${JSON.stringify(params['allowedValues'])}`);
  }
  return new ConfigError(parent, `${parent} ${error.message ?? 'does not fit the schema'}`);
}

function jsonPath(pointer: string): string {
  return `$${pointer.replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')}`;
}

function propertiesAt(pointer: string): object {
  const section = pointer.slice(1);
  if (section === '') return schema.properties;
  const found = Object.entries(schema.properties).find(([name]) => name === section)?.[1];
  return found !== undefined && 'properties' in found ? found.properties : {};
}

function defaultsOf<Section extends Exclude<keyof HandlerConfig, 'params'>>(
  section: Section,
): HandlerConfig[Section] {
  const entries = Object.entries(schema.properties[section].properties).map(([key, property]) => [
    key,
    (property as { readonly default: unknown }).default,
  ]);
  // The schema is the one source of the defaults; the unit test compares them with this type key by key.
  return Object.fromEntries(entries) as HandlerConfig[Section];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
