import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { errorMessage, UsageError } from './errors';
import type { EnsembleSettings } from './ensemble-settings';
import { isName } from './names';
import type { Setting } from './setting';
import { SETTINGS, type SettingName, type Settings } from './settings-table';

export type { Auth, PinnedModel } from './setting-values';
export type { SettingName, Settings } from './settings-table';

/** What every command needs to reach the ensemble. */
export const CONNECTION_SETTINGS = [
  'zookeeper',
  'root',
  'pinned',
  'auth',
  'acl',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'tlsHostname',
  'sessionTimeoutMs',
] as const;
export type ConnectionSettings = EnsembleSettings;

/** What `serve` and `dev` need besides. */
export const REPLICA_SETTINGS = [
  'models',
  'host',
  'port',
  'replica',
  'strictReadiness',
  'handlers',
  'workers',
  'memoryBudgetBytes',
  'bodyLimitBytes',
  'stateDir',
  'requireZooKeeper',
  'logLevel',
] as const;

export type ReplicaSettings = Pick<
  Settings,
  (typeof CONNECTION_SETTINGS)[number] | (typeof REPLICA_SETTINGS)[number]
>;

type Environment = Readonly<Record<string, string | undefined>>;

/** A flag as the command line gave it: its text, all its texts when it may be repeated, or a switch. */
export type FlagValue = string | readonly string[] | boolean | undefined;

/**
 * The settings called `names`: the flag, else the variable (an empty one counts as unset), else the default.
 * Throws a {@link UsageError} that names the flag or the variable that was wrong.
 */
export function readSettings<Name extends SettingName>(
  names: readonly Name[],
  flags: { readonly [Key in SettingName]?: FlagValue },
  environment: Environment = process.env,
): Readonly<Pick<Settings, Name>> {
  const entries = names.map((name) => [name, readSetting(SETTINGS[name], flags[name], environment)]);
  // Each entry was read by the row of its own name.
  return Object.freeze(Object.fromEntries(entries)) as Readonly<Pick<Settings, Name>>;
}

/** Whether NO_COLOR asks for output without colours (no-color.org): any value but an empty one does. */
export function noColour(environment: Environment = process.env): boolean {
  return (environment['NO_COLOR'] ?? '') !== '';
}

/**
 * `<host>-<port>`. A host whose name is too long for that, or is no valid name, has in place of what was cut or
 * replaced a digest of its whole name, so that two hosts do not share one: `<digest>-<end of the host>-<port>`, since
 * it is at their ends that the names of pods differ.
 */
export function defaultReplica(listeningPort: number, host = hostname()): string {
  const plain = `${host}-${listeningPort}`;
  if (host !== '' && isName(plain)) return plain;
  const digest = createHash('sha256').update(host).digest('hex').slice(0, 12);
  const end = plain.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(digest.length + 1 - 64);
  return `${digest}-${end}`;
}

function readSetting<Value>(setting: Setting<Value>, flag: FlagValue, environment: Environment): Value {
  if (flag !== undefined) {
    return naming(setting.flag, () => {
      if (typeof flag === 'boolean') return setting.parse(flag ? 'on' : 'off');
      if (typeof flag === 'string') return setting.parse(flag);
      if (setting.parseAll === undefined) throw new Error('may be given once only');
      return setting.parseAll(flag);
    });
  }
  const variable = environment[setting.variable];
  if (variable === undefined || variable.trim() === '') return setting.fallback;
  return naming(setting.variable, () => setting.parse(variable));
}

function naming<Value>(source: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new UsageError(`${source}: ${errorMessage(cause)}`, { cause });
  }
}
