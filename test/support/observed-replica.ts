import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { anySignal } from '../../src/any-signal';
import { CheckedLoad, type CheckedLoadResult } from '../../bench/checked-load';
import { errorMessage } from '../../src/errors';
import type { Ensemble } from './ensemble';
import { EnsembleProxy } from './ensemble-proxy';
import { passes } from './passes';
import { DIGITS, IRIS } from './infer';
import { ServeProcess } from './serve-process';
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory';
import { TEST_SESSION_TIMEOUT_MS } from './zookeeper';

const FIXTURES = [IRIS, DIGITS];
const READY_WITHIN_MS = 120_000;
const BETWEEN_REQUESTS_MS = 20;
const BETWEEN_READINESS_MS = 200;

/** What one life of a replica's process looked like from outside. */
export interface Life {
  readonly loads: Readonly<Record<string, CheckedLoadResult>>;
  /** Answers of the health check that were not 200, or none, though nobody had ended it. */
  readonly unready: readonly string[];
  /** How it ended, if nobody had asked for that. */
  readonly endedByItself: string | undefined;
}

/**
 * A `zooserve serve` with a network of its own to an ensemble and with requests for both samples all its life long:
 * from when it says that it is ready until it is made to end.
 */
export class ObservedReplica implements AsyncDisposable {
  readonly lives: Life[] = [];
  #process: ServeProcess | undefined;
  #loads: Readonly<Record<string, CheckedLoad>> = {};
  #watching: Promise<readonly string[]> | undefined;
  #over = new AbortController();

  private constructor(
    readonly name: string,
    readonly network: EnsembleProxy,
    private readonly state: TemporaryDirectory,
  ) {}

  static async start(ensemble: Ensemble, name: string): Promise<ObservedReplica> {
    const network = await EnsembleProxy.start(ensemble);
    const replica = new ObservedReplica(name, network, await temporaryDirectory());
    try {
      await replica.revive();
      await replica.#rememberedOnDisk();
      return replica;
    } catch (error) {
      await replica[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether it has a process that answers. */
  get live(): boolean {
    return this.#process?.child.exitCode === null;
  }

  get url(): string {
    return this.#process?.url ?? '';
  }

  /** Everything that all its processes logged. */
  readonly logged: string[] = [];

  /** Answers so far of its present life. */
  get answered(): number {
    return Object.values(this.#loads).reduce((sum, load) => sum + load.answered, 0);
  }

  /** Starts a process, on what the former one left, and sends it requests once it is ready. */
  async revive(): Promise<void> {
    const process = await ServeProcess.start({
      zookeeper: this.network.connectString,
      replica: this.name,
      args: ['--session-timeout', String(TEST_SESSION_TIMEOUT_MS)],
      stateDir: this.#stateDir,
    });
    this.#process = process;
    const ended = (): boolean => process.child.exitCode !== null || process.child.signalCode !== null;
    await passes(async () => {
      if (ended()) return;
      const { status } = await fetch(`${process.url}/v2/health/ready`);
      if (status !== 200) throw new Error(`${status}:\n${process.logged.slice(-10).join('\n')}`);
    }, READY_WITHIN_MS);
    if (ended()) throw new Error(`it ended before it was ready:\n${process.logged.slice(-10).join('\n')}`);
    this.#over = new AbortController();
    this.#watching = watchReadiness(process, this.#over.signal);
    this.#loads = Object.fromEntries(
      FIXTURES.map((fixture) => [
        fixture.model,
        new CheckedLoad(process.url, fixture, 2, BETWEEN_REQUESTS_MS),
      ]),
    );
  }

  /** Its later lives have what they need to be no worse than this one: it is written just after it is ready. */
  async #rememberedOnDisk(): Promise<void> {
    await passes(async () => {
      const [folder = ''] = await readdir(this.#stateDir);
      const remembered = await readFile(join(this.#stateDir, folder, 'last-good.json'), 'utf8');
      const missing = FIXTURES.filter(({ model }) => !remembered.includes(`"model":"${model}"`));
      if (missing.length > 0) throw new Error(`not written yet: ${missing.map(({ model }) => model).join()}`);
    }, READY_WITHIN_MS);
  }

  get #stateDir(): string {
    return join(this.state.path, 'state');
  }

  /** Ends its process: on SIGTERM what is under way has to be answered, on SIGKILL it is lost. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    const { exitCode, signalCode } = process.child;
    const endedByItself =
      exitCode === null && signalCode === null ? undefined : String(exitCode ?? signalCode);
    this.#over.abort();
    const unready = (await this.#watching) ?? [];
    const loads = Object.entries(this.#loads);
    // A life that ends before it is ready has none.
    this.#loads = {};
    this.#watching = undefined;
    if (signal === 'SIGKILL') for (const [, load] of loads) load.expectEnd();
    const stopped = loads.map(async ([model, load]) => [model, await load.stop()] as const);
    // A process that is stopped hears a SIGTERM when it goes on.
    process.child.kill('SIGCONT');
    await process.end(signal);
    const results = Object.fromEntries(await Promise.all(stopped));
    this.lives.push({ loads: results, unready, endedByItself });
    this.logged.push(...process.logged);
  }

  /** Stops its process (SIGSTOP) until {@link resume}. */
  suspend(): void {
    this.#process?.child.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.child.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
    await this.network[Symbol.asyncDispose]();
    await this.state[Symbol.asyncDispose]();
  }
}

/** Asks for readiness as a load balancer does, until `unasked`; resolves to what was answered instead of 200. */
async function watchReadiness(process: ServeProcess, unasked: AbortSignal): Promise<readonly string[]> {
  const unready: string[] = [];
  const ended = new AbortController();
  process.child.once('exit', () => {
    ended.abort();
  });
  const signal = anySignal([unasked, ended.signal]);
  const over = (): boolean => signal.aborted;
  while (!over()) {
    try {
      const { status } = await fetch(`${process.url}/v2/health/ready`, { signal });
      if (status !== 200) unready.push(String(status));
      await sleep(BETWEEN_READINESS_MS, undefined, { signal });
    } catch (error) {
      if (!over()) unready.push(errorMessage(error));
    }
  }
  return unready;
}
