import { parseAcl, type AclEntry } from './acl';
import type { LogLevel } from './handler-config';
import {
  auth,
  bodyLimit,
  memoryBudget,
  logLevel,
  onOff,
  pinnedModels,
  port,
  replicaName,
  sessionTimeout,
  text,
  workers,
  znodePath,
  zookeeper,
  type Auth,
  type PinnedModel,
} from './setting-values';

/** Flags and environment, parsed once into one frozen value; nothing else reads `process.env`. */
export interface Settings {
  /** `host:port,host:port[/chroot]` */
  readonly zookeeper: string;
  /** Absolute znode path, without a slash at its end. */
  readonly root: string;
  readonly pinned: readonly PinnedModel[];
  readonly auth: Auth | undefined;
  /** Of the znodes that are created; undefined: open, or with `auth` that identity's own and readable. */
  readonly acl: readonly AclEntry[] | undefined;
  readonly sessionTimeoutMs: number;
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

/** One row: what a flag is called, what it means, where else it may come from, and what it may be. */
export interface Setting<Value> {
  readonly flag: string;
  /** How the flag's value is shown in the help; undefined for a switch. */
  readonly value: string | undefined;
  readonly variable: string;
  readonly help: string;
  /** How the default is shown in the help. */
  readonly shownDefault: string;
  readonly fallback: Value;
  /** Throws an Error that says what is wrong with `text`. */
  readonly parse: (text: string) => Value;
  /** Only for a flag that may be repeated: all of its occurrences. */
  readonly parseAll?: (texts: readonly string[]) => Value;
}

export type SettingName = keyof Settings;

export const SETTINGS: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  zookeeper: {
    flag: '--zookeeper',
    value: '<host:port,...>',
    variable: 'ZOOSERVE_ZOOKEEPER',
    help: 'the ZooKeeper ensemble, with an optional /chroot at the end',
    shownDefault: '127.0.0.1:2181',
    fallback: '127.0.0.1:2181',
    parse: zookeeper,
  },
  root: {
    flag: '--root',
    value: '<znode>',
    variable: 'ZOOSERVE_ROOT',
    help: 'the znode below which everything is kept',
    shownDefault: '/zooserve',
    fallback: '/zooserve',
    parse: znodePath,
  },
  pinned: {
    flag: '--model',
    value: '<name=version-znode[,config-znode]>',
    variable: 'ZOOSERVE_MODEL',
    help: 'other znodes for one model; may be repeated (the variable: separated by spaces)',
    shownDefault: 'none',
    fallback: [],
    parse: (value) => pinnedModels(value.split(/\s+/).filter((part) => part !== '')),
    parseAll: pinnedModels,
  },
  auth: {
    flag: '--auth',
    value: '<scheme:credentials>',
    variable: 'ZOOSERVE_ZOOKEEPER_AUTH',
    help: 'who to be for ZooKeeper, such as digest:user:password',
    shownDefault: 'none',
    fallback: undefined,
    parse: auth,
  },
  acl: {
    flag: '--acl',
    value: '<scheme:id:permissions,...>',
    variable: 'ZOOSERVE_ZOOKEEPER_ACL',
    help: 'who may do what with the znodes that are created, as zkCli.sh writes it',
    shownDefault: 'world:anyone:cdrwa, with --auth auth::cdrwa,world:anyone:r',
    fallback: undefined,
    parse: parseAcl,
  },
  sessionTimeoutMs: {
    flag: '--session-timeout',
    value: '<ms>',
    variable: 'ZOOSERVE_SESSION_TIMEOUT_MS',
    help: 'the ZooKeeper session timeout in milliseconds',
    shownDefault: '10000',
    fallback: 10_000,
    parse: sessionTimeout,
  },
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
