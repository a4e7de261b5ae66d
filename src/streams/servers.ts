import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errorMessage } from '../errors';
import { badArgument } from './bad-argument';
import type { ServerAddress } from './connect-string';
import { HandshakeError } from './handshake';
import { shuffled } from './shuffled';

/** The addresses that a host's name has at this moment; rejects when it has none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** Asks the system, hosts file and all. */
const askSystem: Lookup = async (host) =>
  (await systemLookup(host, { all: true })).map(({ address }) => address);

/**
 * Which server to try next. Names are looked up for each connect, so that servers may move; of a name with several
 * addresses (a headless service of Kubernetes) each is a server of its own, and gets its turn before one is tried again.
 */
export class Servers {
  readonly #servers: readonly ServerAddress[];
  readonly #lookup: Lookup;
  /** By host: what its last lookup gave, and what was tried since all had been tried. */
  readonly #known = new Map<string, { count: number; tried: Set<string> }>();
  #turn = 0;

  constructor(servers: readonly ServerAddress[], lookup: Lookup = askSystem) {
    this.#servers = shuffled(servers);
    this.#lookup = lookup;
  }

  /** How many there are, as far as is known. */
  get count(): number {
    return this.#servers.reduce((sum, { host }) => sum + (this.#known.get(host)?.count ?? 1), 0);
  }

  /** Rejects with a HandshakeError, `UNREACHABLE` or `ABORTED`, when its name cannot be looked up in time. */
  async next(deadlineMs: number, signal: AbortSignal): Promise<ServerAddress> {
    const server = this.#servers[this.#turn % this.#servers.length];
    this.#turn += 1;
    if (server === undefined) throw new HandshakeError('UNREACHABLE', 'no server is named');
    if (isIP(server.host) !== 0) return server;
    const addresses = await this.#addressesOf(server.host, deadlineMs, signal);
    const known = this.#known.get(server.host) ?? { count: 0, tried: new Set<string>() };
    this.#known.set(server.host, known);
    known.count = addresses.length;
    if (addresses.every((one) => known.tried.has(one))) known.tried.clear();
    const address = shuffled(addresses.filter((one) => !known.tried.has(one)))[0];
    if (address === undefined) throw new HandshakeError('UNREACHABLE', `${server.host} has no address`);
    known.tried.add(address);
    return { ...server, address };
  }

  /** Rejects whatever goes wrong with a function that others wrote. */
  async #ask(host: string): Promise<readonly string[]> {
    const addresses: unknown = await this.#lookup(host);
    const sound = Array.isArray(addresses) && addresses.every((one) => typeof one === 'string');
    if (!sound) throw badArgument('what lookup gave', addresses, 'an array of addresses, as text');
    return addresses;
  }

  #addressesOf(host: string, deadlineMs: number, signal: AbortSignal): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const fail = (error: HandshakeError) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = () => {
        fail(new HandshakeError('ABORTED', 'given up'));
      };
      const timer = setTimeout(() => {
        fail(new HandshakeError('UNREACHABLE', `${host} was not looked up within ${deadlineMs} ms`));
      }, deadlineMs);
      signal.addEventListener('abort', onAbort);
      this.#ask(host).then(
        (addresses) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          resolve([...new Set(addresses)]);
        },
        (error: unknown) => {
          fail(new HandshakeError('UNREACHABLE', `${host} could not be looked up: ${errorMessage(error)}`));
        },
      );
    });
  }
}
