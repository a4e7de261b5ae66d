import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Replaces itself by the JVM, so that the child's pid is the JVM's, and leaves a watcher behind that blocks on
 * the other end of our pipe. The pipe closes when this process ends in whatever way, SIGKILL included; then the
 * watcher ends the JVM. Watcher and JVM form a process group of their own, which keeps the pid from being
 * given to anybody else as long as the watcher is there to signal it.
 */
const END_WITH_PARENT = `
exec 3<&0 </dev/null
(
  cat <&3
  kill -TERM $$ || exit
  for second in 1 2; do sleep 1; kill -0 $$ || exit; done
  kill -KILL $$
) >/dev/null 2>&1 &
exec 3<&-
exec "$@"
`;

const LOG_TAIL_BYTES = 8192;
const LOG_TAIL_LINES = 12;

/** A Java program that never outlives this process and that the terminal's Ctrl-C does not reach. */
export class JvmProcess {
  readonly pid: number;
  /** Resolves with the words for how it ended; never rejects. */
  readonly exited: Promise<string>;
  #running = true;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #logStart: number;

  /** Standard output and error are appended to `logFile`. Throws if the process cannot be started at all. */
  constructor(args: readonly string[], options: { readonly cwd: string; readonly logFile: string }) {
    this.#logFile = options.logFile;
    const log = openSync(options.logFile, 'a');
    try {
      this.#logStart = statSync(options.logFile).size;
      this.#child = spawn('/bin/sh', ['-c', END_WITH_PARENT, 'sh', javaCommand(), ...args], {
        cwd: options.cwd,
        detached: true,
        env: process.env,
        stdio: ['pipe', log, log],
      });
    } finally {
      closeSync(log);
    }
    this.exited = new Promise((resolve) => {
      const end = (how: string) => {
        if (!this.#running) return;
        this.#running = false;
        this.#signalGroup('SIGKILL');
        resolve(how);
      };
      this.#child.once('error', (error) => {
        end(`could not be started: ${error.message}`);
      });
      this.#child.once('exit', (code, signal) => {
        if (code === 127)
          end('did not start: there is no `java` (install Java 11 or newer, or set JAVA_HOME)');
        else end(signal === null ? `ended with status ${code ?? 'unknown'}` : `was ended by ${signal}`);
      });
    });
    // The pipe is never written to; an error on it can only mean that the watcher is gone.
    this.#child.stdin?.on('error', () => undefined);
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('/bin/sh could not be started');
    this.pid = pid;
    this.#child.unref();
    if (this.#child.stdin !== null && 'unref' in this.#child.stdin) {
      (this.#child.stdin as unknown as { unref(): void }).unref(); // a pipe is a net.Socket
    }
  }

  get running(): boolean {
    return this.#running;
  }

  /** Sends the signal and waits for the end; harmless when it has ended. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#running) this.#child.kill(signal);
    await this.#awaitExit();
  }

  /** SIGTERM, and SIGKILL if it is still there after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#running) return;
    this.#child.kill('SIGTERM');
    // A stopped process (SIGSTOP) would not see the SIGTERM.
    this.#child.kill('SIGCONT');
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    try {
      await this.#awaitExit();
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Sends a signal that does not end the process, such as SIGSTOP. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#running) this.#child.kill(signal);
  }

  /** The last lines that this run of the program logged. */
  lastLogLines(): string {
    const size = statSync(this.#logFile).size;
    const start = Math.max(this.#logStart, size - LOG_TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const file = openSync(this.#logFile, 'r');
    try {
      readSync(file, buffer, 0, buffer.length, start);
    } finally {
      closeSync(file);
    }
    return buffer.toString('utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }

  /** Holds the event loop open meanwhile: the child itself does not. */
  async #awaitExit(): Promise<void> {
    if (this.#running) this.#child.ref();
    await this.exited;
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}

function javaCommand(): string {
  const home = process.env['JAVA_HOME'];
  const java = home === undefined ? undefined : join(home, 'bin', 'java');
  return java !== undefined && existsSync(java) ? java : 'java';
}
