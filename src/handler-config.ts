import schema from './handler-config.schema.json';
import { ConfigError, errorMessage } from './errors';
import { schemaFault, type Schema } from './schema-fault';

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

// The type of a JSON file has `false` as a boolean.
const SCHEMA = schema as Schema;

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
  const fault = schemaFault(SCHEMA, value);
  if (fault !== undefined) throw new ConfigError(fault.path, `${fault.path} ${fault.message}`);
  // It fits the schema, of which this type says the same.
  const given = value as PartialConfig;
  return deepFreeze({
    batching: { ...DEFAULTS.batching, ...given.batching },
    admission: { ...DEFAULTS.admission, ...given.admission },
    session: { ...DEFAULTS.session, ...given.session },
    residency: { ...DEFAULTS.residency, ...given.residency },
    log: { ...DEFAULTS.log, ...given.log },
    params: { ...given.params },
  });
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
