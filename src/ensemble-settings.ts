import { parseAcl, type AclEntry } from './acl';
import type { Setting } from './setting';
import {
  auth,
  onOff,
  pinnedModels,
  sessionTimeout,
  text,
  znodePath,
  zookeeper,
  type Auth,
  type PinnedModel,
} from './setting-values';

/** What every command needs to reach the ensemble, and to find and make its znodes there. */
export interface EnsembleSettings {
  /** `host:port,host:port[/chroot]` */
  readonly zookeeper: string;
  /** Absolute znode path, without a slash at its end. */
  readonly root: string;
  readonly pinned: readonly PinnedModel[];
  readonly auth: Auth | undefined;
  /** Of the znodes that are created; undefined: open, or with `auth` that identity's own and readable. */
  readonly acl: readonly AclEntry[] | undefined;
  /** PEM files, as given; without the first two there is no TLS. */
  readonly tlsCa: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Whether a server's certificate has to be for the host that is connected to. */
  readonly tlsHostname: boolean;
  readonly sessionTimeoutMs: number;
}

export const ENSEMBLE_SETTINGS: {
  readonly [Name in keyof EnsembleSettings]: Setting<EnsembleSettings[Name]>;
} = {
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
  tlsCa: {
    flag: '--zookeeper-tls-ca',
    value: '<file>',
    variable: 'ZOOSERVE_ZOOKEEPER_TLS_CA',
    help: 'connect by TLS, to servers with certificates of these authorities (PEM)',
    shownDefault: 'no TLS',
    fallback: undefined,
    parse: text,
  },
  tlsCert: {
    flag: '--zookeeper-tls-cert',
    value: '<file>',
    variable: 'ZOOSERVE_ZOOKEEPER_TLS_CERT',
    help: 'our own certificate, for servers that want one (PEM)',
    shownDefault: 'none',
    fallback: undefined,
    parse: text,
  },
  tlsKey: {
    flag: '--zookeeper-tls-key',
    value: '<file>',
    variable: 'ZOOSERVE_ZOOKEEPER_TLS_KEY',
    help: 'the key of that certificate (PEM)',
    shownDefault: 'none',
    fallback: undefined,
    parse: text,
  },
  tlsHostname: {
    flag: '--no-zookeeper-tls-hostname',
    value: undefined,
    variable: 'ZOOSERVE_ZOOKEEPER_TLS_HOSTNAME',
    help: "take a server's certificate that was made out for another host; authority and dates are looked at all the same",
    shownDefault: 'on',
    fallback: true,
    parse: onOff,
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
};
