import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory';

export const PROJECT_ROOT = join(__dirname, '..', '..', '..');
export const CLI = join(PROJECT_ROOT, 'bin', 'zooserve.js');

/** A `zooserve serve` of its own process, with what it logged. */
export class ServeProcess implements AsyncDisposable {
  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
    readonly replica: string,
    /** Its log lines, and what it wrote to stderr, so far. */
    readonly logged: readonly string[],
    private readonly ownStateDir: TemporaryDirectory | undefined,
  ) {}

  /** Starts `zooserve serve` on a free port; resolves when it says where it listens. */
  static async start(options: {
    readonly zookeeper: string;
    readonly models?: string;
    readonly replica: string;
    readonly args?: readonly string[];
    /** Default: one of its own, gone with the process. */
    readonly stateDir?: string;
    /** Of node itself. */
    readonly nodeOptions?: readonly string[];
    /** Where it puts what it needs for a while; default: where everybody does. */
    readonly scratch?: string;
  }): Promise<ServeProcess> {
    const own = options.stateDir === undefined ? await temporaryDirectory() : undefined;
    const stateDir = options.stateDir ?? own?.path ?? '';
    const args = ['serve', '--zookeeper', options.zookeeper, '--port', '0', '--replica', options.replica];
    args.push(
      '--state-dir',
      stateDir,
      '--models',
      options.models ?? join(PROJECT_ROOT, 'models'),
      ...(options.args ?? []),
    );
    const child = spawn(process.execPath, [...(options.nodeOptions ?? []), CLI, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(options.scratch !== undefined && { TMPDIR: options.scratch }) },
    });
    // A run that ends by an error of its own leaves nothing behind.
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const logged: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => logged.push(text));
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => {
        void own?.[Symbol.asyncDispose]();
        reject(new Error(`serve ended with ${String(code)} before it listened:\n${logged.join('\n')}`));
      });
      createInterface(child.stdout).on('line', (line) => {
        logged.push(line);
        const found = /"url":"(http:[^"]+)"/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return new ServeProcess(child, url, options.replica, logged, own);
  }

  /** Sends `signal` and resolves to the exit code, or the name of the signal that ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    return child.exitCode ?? child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
    await this.ownStateDir?.[Symbol.asyncDispose]();
  }
}
