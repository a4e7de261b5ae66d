import { ENSEMBLE_SETTINGS, type EnsembleSettings } from './ensemble-settings';
import type { LogLevel } from './handler-config';
import type { Setting } from './setting';
import { bodyLimit, logLevel, memoryBudget, onOff, port, replicaName, text, workers } from './setting-values';

/** Flags and environment, parsed once into one frozen value; nothing else reads `process.env`. */
export interface Settings extends EnsembleSettings {
  /** The directory of the model repository, as given. */
  readonly models: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Undefined: {@link defaultReplica} of the port that is listened on. */
  readonly replica: string | undefined;
  readonly strictReadiness: boolean;
  readonly handlers: boolean;
  /** Worker threads of each version in memory. */
  readonly workers: number;
  /** Of all versions in memory together; undefined: no limit. */
  readonly memoryBudgetBytes: number | undefined;
  readonly bodyLimitBytes: number;
  /** The directory for what outlives the process. */
  readonly stateDir: string;
  /** Whether to fail where it could serve without ZooKeeper. */
  readonly requireZooKeeper: boolean;
  readonly logLevel: LogLevel;
}

export type SettingName = keyof Settings;

export const SETTINGS: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  ...ENSEMBLE_SETTINGS,
  models: {
    flag: '--models',
    value: '<directory>',
    variable: 'ZOOSERVE_MODELS',
    help: 'the model repository: <model>/<version>/model.onnx',
    shownDefault: 'models',
    fallback: 'models',
    parse: text,
  },
  host: {
    flag: '--host',
    value: '<address>',
    variable: 'HOST',
    help: 'the address to listen on',
    shownDefault: '127.0.0.1',
    fallback: '127.0.0.1',
    parse: text,
  },
  port: {
    flag: '--port',
    value: '<port>',
    variable: 'PORT',
    help: 'the port to listen on, 0 for any free one',
    shownDefault: '8080',
    fallback: 8080,
    parse: port,
  },
  replica: {
    flag: '--replica',
    value: '<name>',
    variable: 'ZOOSERVE_REPLICA',
    help: 'the name of this replica, unique and the same after a restart',
    shownDefault: "the host's name and the port",
    fallback: undefined,
    parse: replicaName,
  },
  strictReadiness: {
    flag: '--strict-readiness',
    value: undefined,
    variable: 'ZOOSERVE_STRICT_READINESS',
    help: 'not ready while any model serves nothing',
    shownDefault: 'off',
    fallback: false,
    parse: onOff,
  },
  handlers: {
    flag: '--no-handlers',
    value: undefined,
    variable: 'ZOOSERVE_HANDLERS',
    help: "do not run the models' own handler.js",
    shownDefault: 'on',
    fallback: true,
    parse: onOff,
  },
  workers: {
    flag: '--workers',
    value: '<number>',
    variable: 'ZOOSERVE_WORKERS',
    help: 'worker threads of each version in memory, 1 to 64',
    shownDefault: '1',
    fallback: 1,
    parse: workers,
  },
  memoryBudgetBytes: {
    flag: '--memory-budget',
    value: '<bytes>',
    variable: 'ZOOSERVE_MEMORY_BUDGET',
    help: 'memory for all versions together, in bytes or with KiB, MiB, GiB',
    shownDefault: 'none',
    fallback: undefined,
    parse: memoryBudget,
  },
  bodyLimitBytes: {
    flag: '--body-limit',
    value: '<bytes>',
    variable: 'ZOOSERVE_BODY_LIMIT',
    help: 'the largest request body, in bytes or with KiB, MiB, GiB',
    shownDefault: '64MiB',
    fallback: 64 * 1024 * 1024,
    parse: bodyLimit,
  },
  stateDir: {
    flag: '--state-dir',
    value: '<directory>',
    variable: 'ZOOSERVE_STATE_DIR',
    help: 'where what outlives the process is kept: the last good state, the data of the embedded ZooKeeper',
    shownDefault: '.zooserve',
    fallback: '.zooserve',
    parse: text,
  },
  requireZooKeeper: {
    flag: '--require-zookeeper',
    value: undefined,
    variable: 'ZOOSERVE_REQUIRE_ZOOKEEPER',
    help: 'end when ZooKeeper cannot be reached at the start, in place of serving the last good state',
    shownDefault: 'off',
    fallback: false,
    parse: onOff,
  },
  logLevel: {
    flag: '--log-level',
    value: '<level>',
    variable: 'LOG_LEVEL',
    help: 'trace, debug, info, warn, error, fatal or silent',
    shownDefault: 'info',
    fallback: 'info',
    parse: logLevel,
  },
};
