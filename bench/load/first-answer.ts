import { errorMessage } from '../../src/errors';
import { now } from '../clock';
import type { HttpAnswer, HttpConnection } from './http-connection';

/** Promotions remembered: who waits asks for one of the last. */
const REMEMBERED = 100;

/** Clients that ask without pause, and when the first answer under each promotion came to any of them. */
export class FirstAnswer {
  readonly #connections: readonly HttpConnection[];
  readonly #loops: readonly Promise<void>[];
  readonly #firstAt = new FirstTimes();
  #failure: Error | undefined;
  #stopped = false;

  constructor(connections: readonly HttpConnection[], requests: readonly Uint8Array[]) {
    this.#connections = connections;
    this.#loops = connections.map((connection) => this.#ask(connection, requests));
  }

  /**
   * When the first answer under the promotion `zxid` came, by the clock of `../clock`; waits for it. Rejects with the first
   * failure there was.
   */
  async under(zxid: string): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#firstAt.of(zxid);
  }

  /** Closes the connections, too. Rejects with the first failure there was. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    for (const connection of this.#connections) connection.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #ask(connection: HttpConnection, requests: readonly Uint8Array[]): Promise<void> {
    try {
      for (let i = 0; !this.#stopped; i += 1) {
        const answer = await connection.ask(requests[i % requests.length] ?? Buffer.alloc(0));
        if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body.toString()}`);
        this.#firstAt.see(promotionOf(answer));
      }
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(errorMessage(error));
      this.#firstAt.giveUp(this.#failure);
    }
  }
}

interface Waiting {
  readonly seen: (at: number) => void;
  readonly rejected: (why: Error) => void;
}

/** The first time of each name seen, and those who wait for one. */
export class FirstTimes {
  readonly #times = new Map<string, number>();
  readonly #waiting = new Map<string, Waiting>();

  see(name: string): void {
    if (this.#times.has(name)) return;
    const at = now();
    this.#times.set(name, at);
    const [oldest] = this.#times.keys();
    if (this.#times.size > REMEMBERED && oldest !== undefined) this.#times.delete(oldest);
    this.#waiting.get(name)?.seen(at);
    this.#waiting.delete(name);
  }

  /** Rejects for those who wait now. */
  giveUp(why: Error): void {
    for (const { rejected } of this.#waiting.values()) rejected(why);
    this.#waiting.clear();
  }

  /** One waits for a name at a time. Rejects after 60 s. */
  of(name: string): Promise<number> {
    const at = this.#times.get(name);
    if (at !== undefined) return Promise.resolve(at);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(name);
        reject(new Error(`${name} was not seen within 60 s`));
      }, 60_000);
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value): void => {
          clearTimeout(timer);
          settle(value);
        };
      this.#waiting.set(name, { seen: settled(resolve), rejected: settled(reject) });
    });
  }
}

/** The zxid of the promotion that an answer was made under; empty when it names none. */
export function promotionOf({ head }: HttpAnswer): string {
  return /\r\nzooserve-model-zxid: *([0-9a-f]+)/i.exec(head)?.[1] ?? '';
}
