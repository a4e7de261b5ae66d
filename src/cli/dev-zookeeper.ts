import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type EmbeddedZooKeeper, startZooKeeper } from '../embedded/zookeeper-server';
import { isFree } from '../embedded/loopback-port';
import { errorMessage } from '../errors';

const USUAL_PORT = 2181;
/** Between the end of a server that nobody ended and its next start. */
const RESTART_MS = 3000;

/** The Apache ZooKeeper of `zooserve dev`: started again, on the same port and data, when it ends by itself. */
export class DevZooKeeper implements AsyncDisposable {
  readonly #server: EmbeddedZooKeeper;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;

  private constructor(server: EmbeddedZooKeeper, log: Logger) {
    this.#server = server;
    this.#log = log;
    this.#watching = this.#watch();
  }

  /** On port 2181 when it is free, else on any; its data are kept in `dataDir`. */
  static async start(dataDir: string, log: Logger): Promise<DevZooKeeper> {
    const port = (await isFree(USUAL_PORT)) ? USUAL_PORT : 0;
    log.info('starting Apache ZooKeeper');
    const server = await startZooKeeper({ dataDir, port });
    log.info({ process: server.pid }, `Apache ZooKeeper serves on ${server.connectString}`);
    return new DevZooKeeper(server, log);
  }

  get connectString(): string {
    return this.#server.connectString;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#watching;
    await this.#server[Symbol.asyncDispose]();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    const closed = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(undefined);
      });
    });
    for (;;) {
      const how = await Promise.race([closed, this.#server.exited]);
      if (how === undefined) return;
      this.#log.error({ how }, `Apache ZooKeeper ${how}; it is started again in ${RESTART_MS / 1000} s`);
      await Promise.race([closed, delay(RESTART_MS, undefined, { ref: false })]);
      if (signal.aborted) return;
      try {
        await this.#server.restart();
        this.#log.info(
          { process: this.#server.pid },
          `Apache ZooKeeper serves on ${this.connectString} again`,
        );
      } catch (error) {
        this.#log.error({ error: errorMessage(error) }, 'Apache ZooKeeper could not be started again');
      }
    }
  }
}
