import { ZooKeeperError } from '../errors';
import { checkedPath } from './znode-path';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** What a host's name was looked up to be. */
  readonly address?: string;
}

export interface ConnectString {
  readonly servers: readonly ServerAddress[];
  /** Put before every path; empty: none. */
  readonly chroot: string;
}

const DEFAULT_PORT = 2181;
const SERVER = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/;

/** Reads `host:port,host:port/chroot`. An IPv6 address stands in brackets; the port is 2181 if none is given. */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/');
  const hosts = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? '' : text.slice(slash);
  const servers = hosts.split(',').map((part) => {
    const match = SERVER.exec(part.trim());
    const host = match?.[1] ?? match?.[2];
    const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
    if (host === undefined || port < 1 || port > 65_535) {
      throw new ZooKeeperError(
        'BAD_ARGUMENTS',
        `"${text}" is no ZooKeeper address: "${part.trim()}" should be host:port (as in zk1:2181,zk2:2181/chroot)`,
        { mayHaveHappened: false, retryable: false },
      );
    }
    return { host, port };
  });
  if (path === '' || path === '/') return { servers, chroot: '' };
  return { servers, chroot: checkedPath(path) };
}
