import type { Ensemble } from './ensemble';
import { eventually } from './eventually';
import { expireSession } from './expire-session';
import { type Direction, TcpProxy } from './tcp-proxy';

/** The length of a server's first answer, up to the end of the session's password. */
const GREETING_BYTES = 40;

/** The network between one client and an ensemble: a proxy in front of each server, and faults that all of them have. */
export class EnsembleProxy implements AsyncDisposable {
  readonly connectString: string;

  private constructor(private readonly proxies: readonly TcpProxy[]) {
    this.connectString = proxies.map(({ connectString }) => connectString).join(',');
  }

  static async start(ensemble: Ensemble): Promise<EnsembleProxy> {
    return new EnsembleProxy(await Promise.all(ensemble.servers.map(({ port }) => TcpProxy.start(port))));
  }

  /** The port of the server that the client is connected to, if it is to any. */
  get serverPort(): number | undefined {
    return this.#inUse?.targetPort;
  }

  /** See {@link TcpProxy.touched}. */
  get touched(): number {
    return this.proxies.reduce((sum, proxy) => sum + proxy.touched, 0);
  }

  /** See {@link TcpProxy.cut}. */
  cut(): void {
    for (const proxy of this.proxies) proxy.cut();
  }

  /** Breaks the client's connection, and lets nothing through to and from the server that it tries next. */
  async cutToMute(): Promise<void> {
    const used = this.#inUse;
    const others = this.proxies.filter((proxy) => proxy !== used);
    for (const other of others) other.blackhole();
    used?.cut();
    const tried = await eventually(() => others.find(({ open }) => open > 0));
    for (const other of others) if (other !== tried) await other.heal();
  }

  /** See {@link TcpProxy.cutAfter}. */
  cutAfter(bytes: number, direction?: Direction): void {
    for (const proxy of this.proxies) proxy.cutAfter(bytes, direction);
  }

  /** See {@link TcpProxy.blackhole}. */
  blackhole(...directions: Direction[]): void {
    for (const proxy of this.proxies) proxy.blackhole(...directions);
  }

  /** See {@link TcpProxy.delay}. */
  delay(ms: number): void {
    for (const proxy of this.proxies) proxy.delay(ms);
  }

  async refuse(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.refuse()));
  }

  async heal(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.heal()));
  }

  /** Ends the client's session on the server that it is connected to. False: there is none, or it could not be done. */
  async expire(): Promise<boolean> {
    const proxy = this.#inUse;
    if (proxy === undefined) return false;
    try {
      await expireSession(
        proxy,
        this.proxies.filter((other) => other !== proxy),
      );
      return true;
    } catch {
      // That server is gone, or serves nobody.
      return false;
    } finally {
      await this.heal();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  get #inUse(): TcpProxy | undefined {
    return this.proxies.find(({ open, greeting }) => open > 0 && greeting.length >= GREETING_BYTES);
  }
}
