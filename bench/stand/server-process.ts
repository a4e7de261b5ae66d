import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { errorMessage } from '../../src/errors';

/** The last lines of what it wrote, for an error. */
const LINES_KEPT = 20;

/** Variables of a process; one that is undefined is not there. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** For all servers alike, what `zooserve` has that is started by its name (docs/operations.md, "Memory"). */
const ENVIRONMENT: Environment = { ...process.env, MALLOC_MMAP_THRESHOLD_: '4194304' };

/** A server in a process of its own, so that it shares no event loop with the load. */
export class ServerProcess implements AsyncDisposable {
  private constructor(
    readonly url: string,
    readonly child: ChildProcess,
  ) {}

  /**
   * Starts the Node.js program `script`; resolves once it has written a line with `"url":"http:..."`. Rejects
   * with the end of what it wrote if it ends before that. `environment`: what differs from that of all others.
   */
  static async start(
    script: string,
    args: readonly string[] = [],
    nodeOptions: readonly string[] = [],
    environment: Environment = {},
  ): Promise<ServerProcess> {
    const all = [...nodeOptions, script, ...args];
    const child = spawn(process.execPath, all, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...ENVIRONMENT, ...environment },
    });
    // An interrupted run leaves nothing behind.
    const end = (): void => {
      child.kill();
    };
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    const written: string[] = [];
    const keep = (text: string): void => {
      written.push(text);
      if (written.length > LINES_KEPT) written.shift();
    };
    child.stderr.setEncoding('utf8').on('data', keep);
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code, signal) => {
        reject(new Error(`${script} ended (${String(code ?? signal)}):\n${written.join('\n')}`));
      });
      createInterface(child.stdout).on('line', (line) => {
        keep(line);
        const found = /"url":"(http:[^"]+)"/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return new ServerProcess(url, child);
  }

  /** Memory of the process that is in RAM, in bytes. */
  get residentBytes(): number {
    const { pid } = this.child;
    try {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'latin1'))?.[1];
      return Number(kib) * 1024;
    } catch (error) {
      throw new Error(`memory is read from /proc, as Linux has it: ${errorMessage(error)}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
}
