import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process of its own that watches one znode and tells when it had read each new value. */
export class WatchingProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #reads = new Map<string, number>();
  #waiting: (() => void) | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => {
      // Sent by watching-main.ts.
      const { mzxid, at } = message as { mzxid: string; at: number };
      this.#reads.set(mzxid, at);
      this.#waiting?.();
    });
  }

  /** Resolves when it watches. */
  static async start(connectString: string, path: string): Promise<WatchingProcess> {
    const child = fork(join(__dirname, '..', 'servers', 'watch-znode.js'), [connectString, path]);
    await once(child, 'message');
    return new WatchingProcess(child);
  }

  /** When the data of that write had been read, by the clock of `../clock`; waits for it. */
  async read(mzxid: string): Promise<number> {
    for (;;) {
      const at = this.#reads.get(mzxid);
      if (at !== undefined) return at;
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}
