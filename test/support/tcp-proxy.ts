import { connect, createServer, type Server, type Socket } from 'node:net';
import { quietPorts } from './quiet-ports';

const LOOPBACK = '127.0.0.1';

export type Direction = 'toServer' | 'toClient';

/**
 * A TCP proxy in front of one server, which a test tells to misbehave. Every fault lasts until {@link heal}
 * unless it says otherwise; faults on the way of the bytes hold for connections that stand and for new ones.
 */
export class TcpProxy implements AsyncDisposable {
  readonly connectString: string;
  readonly #pairs = new Set<Pair>();
  readonly #held = new Set<Direction>();
  #server: Server;
  #accepted = 0;
  #touched = 0;
  #cutAfter: { direction: Direction; bytes: number } | undefined;
  #delayMs = 0;

  private constructor(
    readonly port: number,
    readonly targetPort: number,
    server: Server,
  ) {
    this.connectString = `${LOOPBACK}:${port}`;
    this.#server = server;
    this.#serve(server);
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    // While it refuses, no outgoing connection is given its port.
    const [port = 0] = await quietPorts(1);
    return new TcpProxy(port, targetPort, await listen(port));
  }

  /** Connections taken so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How often a fault has met with something so far: a chunk that was withheld or delayed, a connection that broke. */
  get touched(): number {
    return this.#touched;
  }

  /** Connections that stand, as the clients see it. */
  get open(): number {
    return this.#pairs.size;
  }

  /** What the server said first on the newest connection: for ZooKeeper, the session it granted. */
  get greeting(): Buffer {
    return [...this.#pairs].at(-1)?.greeting ?? Buffer.alloc(0);
  }

  /** Breaks every connection now. New ones are taken. */
  cut(): void {
    this.#touched += this.#pairs.size;
    for (const pair of this.#pairs) pair.destroy();
  }

  /** Lets so many more bytes pass in that direction, on all connections together, and then breaks the connection. */
  cutAfter(bytes: number, direction: Direction = 'toClient'): void {
    this.#cutAfter = { direction, bytes };
  }

  /** Breaks every connection and has new ones refused by the system. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  /**
   * Keeps connections, takes new ones, and lets nothing through, not even their ends: a silent partition, or with
   * one direction half of it. What was held back arrives when it heals.
   */
  blackhole(...directions: Direction[]): void {
    for (const direction of directions.length === 0 ? BOTH : directions) this.#held.add(direction);
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    this.#held.clear();
    this.#cutAfter = undefined;
    this.#delayMs = 0;
    for (const pair of this.#pairs) pair.release();
    if (!this.#server.listening) {
      this.#server = await listen(this.port);
      this.#serve(this.#server);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
  }

  #serve(server: Server): void {
    server.on('connection', (client) => {
      this.#accepted += 1;
      const pair: Pair = new Pair(client, this.targetPort, {
        pass: (direction, bytes) => this.#allowance(direction, bytes),
        held: (direction) => this.#held.has(direction),
        delayMs: () => this.#delayMs,
        touched: () => (this.#touched += 1),
        gone: () => this.#pairs.delete(pair),
      });
      this.#pairs.add(pair);
    });
  }

  /** How many of `bytes` may pass before the connection is to be cut; all of them: Infinity. */
  #allowance(direction: Direction, bytes: number): number {
    if (this.#cutAfter?.direction !== direction) return Infinity;
    const allowed = this.#cutAfter.bytes;
    this.#cutAfter.bytes -= bytes;
    if (bytes < allowed) return Infinity;
    this.#cutAfter = undefined;
    this.#touched += 1;
    return allowed;
  }
}

const BOTH: readonly Direction[] = ['toServer', 'toClient'];

interface Rules {
  pass(direction: Direction, bytes: number): number;
  held(direction: Direction): boolean;
  delayMs(): number;
  touched(): void;
  gone(): void;
}

/** One connection through the proxy: what a client sees and what the server sees of it. */
class Pair {
  greeting: Buffer = Buffer.alloc(0);
  readonly #server: Socket;
  readonly #client: Socket;
  readonly #rules: Rules;
  /** What is on its way, in order: bytes never overtake one another. */
  readonly #underWay: Record<Direction, { chunk: Buffer | 'end'; dueAt: number }[]> = {
    toServer: [],
    toClient: [],
  };

  constructor(client: Socket, targetPort: number, rules: Rules) {
    this.#client = client;
    this.#rules = rules;
    this.#server = connect({ port: targetPort, host: LOOPBACK, noDelay: true });
    client.setNoDelay();
    this.#carry(client, 'toServer');
    this.#carry(this.#server, 'toClient');
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.#rules.gone();
  }

  release(): void {
    for (const direction of BOTH) this.#deliver(direction);
  }

  #carry(from: Socket, direction: Direction): void {
    from.on('data', (chunk: Buffer) => {
      if (direction === 'toClient' && this.greeting.length === 0) this.greeting = chunk;
      this.#take(direction, chunk);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#take(direction, 'end');
    });
  }

  #take(direction: Direction, chunk: Buffer | 'end'): void {
    const delayMs = this.#rules.delayMs();
    if (delayMs > 0 || this.#rules.held(direction)) this.#rules.touched();
    this.#underWay[direction].push({ chunk, dueAt: performance.now() + delayMs });
    this.#deliver(direction);
  }

  #deliver(direction: Direction): void {
    const underWay = this.#underWay[direction];
    for (let next = underWay[0]; next !== undefined && !this.#rules.held(direction); next = underWay[0]) {
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        setTimeout(() => {
          this.#deliver(direction);
        }, waitMs);
        return;
      }
      underWay.shift();
      this.#forward(direction, next.chunk);
    }
  }

  #forward(direction: Direction, chunk: Buffer | 'end'): void {
    const to = direction === 'toServer' ? this.#server : this.#client;
    if (chunk === 'end') {
      this.destroy();
      return;
    }
    if (to.destroyed) return;
    const allowed = this.#rules.pass(direction, chunk.length);
    if (allowed === Infinity) to.write(chunk);
    else
      to.write(chunk.subarray(0, allowed), () => {
        this.destroy();
      });
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      resolve(server);
    });
  });
}
