import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from './eventually';
import { PROJECT_ROOT } from './serve-process';

/** A program of `examples/`, with what it printed so far, errors included. */
export class ExampleProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';

  constructor(name: string, args: readonly string[]) {
    const program = join(PROJECT_ROOT, 'dist', 'examples', name, 'main.js');
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#ended = once(child, 'close');
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  get output(): string {
    return this.#output;
  }

  get lines(): readonly string[] {
    return this.#output.split('\n').slice(0, -1);
  }

  /** Waits until it has printed that. */
  async prints(wanted: string | RegExp): Promise<void> {
    await eventually(
      () => this.#output,
      (output) => (typeof wanted === 'string' ? output.includes(wanted) : wanted.test(output)),
      30_000,
    );
  }

  /** Waits for its end, by itself or by `signal`, and returns its status, or the name of the signal that ended it. */
  async end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    if (signal !== undefined) this.#child.kill(signal);
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
