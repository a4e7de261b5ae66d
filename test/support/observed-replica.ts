import { join } from 'node:path';
import { CheckedLoad } from '../../bench/checked-load';
import { type LastGood, NOTHING_GOOD } from '../../src/state/last-good';
import type { Ensemble } from './ensemble';
import { EnsembleProxy } from './ensemble-proxy';
import { HealthWatch } from './health-watch';
import { lastGoodIn, type Life, loggedAt } from './life';
import { passes } from './passes';
import { DIGITS, IRIS } from './infer';
import { ServeProcess } from './serve-process';
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory';
import { TEST_SESSION_TIMEOUT_MS } from './zookeeper';

const FIXTURES = [IRIS, DIGITS];
const READY_WITHIN_MS = 120_000;
const BETWEEN_REQUESTS_MS = 20;

/**
 * A `zooserve serve` with a network of its own to an ensemble and with requests for both samples all its life long:
 * from when it says that it is ready until it is made to end.
 */
export class ObservedReplica implements AsyncDisposable {
  readonly lives: Life[] = [];
  #process: ServeProcess | undefined;
  #loads: Readonly<Record<string, CheckedLoad>> = {};
  #watch: HealthWatch | undefined;
  #found: LastGood = NOTHING_GOOD;

  private constructor(
    readonly name: string,
    readonly network: EnsembleProxy,
    private readonly state: TemporaryDirectory,
    private readonly scratch: string | undefined,
  ) {}

  /** `scratch`: where it, and this, put what they need for a while. */
  static async start(ensemble: Ensemble, name: string, scratch?: string): Promise<ObservedReplica> {
    const network = await EnsembleProxy.start(ensemble);
    const replica = new ObservedReplica(name, network, await temporaryDirectory(scratch), scratch);
    try {
      await replica.revive();
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
    this.#found = await lastGoodIn(this.#stateDir);
    const process = await ServeProcess.start({
      zookeeper: this.network.connectString,
      replica: this.name,
      args: ['--session-timeout', String(TEST_SESSION_TIMEOUT_MS)],
      stateDir: this.#stateDir,
      ...(this.scratch !== undefined && { scratch: this.scratch }),
    });
    this.#process = process;
    const ended = (): boolean => process.child.exitCode !== null || process.child.signalCode !== null;
    await passes(async () => {
      if (ended()) return;
      const { status } = await fetch(`${process.url}/v2/health/ready`);
      if (status !== 200) throw new Error(`${status}:\n${process.logged.slice(-10).join('\n')}`);
    }, READY_WITHIN_MS);
    if (ended()) throw new Error(`it ended before it was ready:\n${process.logged.slice(-10).join('\n')}`);
    this.#watch = new HealthWatch(process);
    this.#loads = Object.fromEntries(
      FIXTURES.map((fixture) => [
        fixture.model,
        new CheckedLoad(process.url, fixture, 2, BETWEEN_REQUESTS_MS),
      ]),
    );
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
    const watch = this.#watch;
    await watch?.stop();
    const loads = Object.entries(this.#loads);
    // A life that ends before it is ready has none.
    this.#loads = {};
    this.#watch = undefined;
    if (signal === 'SIGKILL') for (const [, load] of loads) load.expectEnd();
    else await Promise.all(loads.map(([, load]) => load.sendLast()));
    const stopped = loads.map(async ([model, load]) => [model, await load.stop()] as const);
    // A process that is stopped hears a SIGTERM when it goes on.
    process.child.kill('SIGCONT');
    const at = Date.now();
    await process.end(signal);
    const { logged } = process;
    this.lives.push({
      loads: Object.fromEntries(await Promise.all(stopped)),
      health: watch?.looks ?? [],
      unready: watch?.unready ?? [],
      missedChanges: watch?.missedChanges ?? 0,
      endedByItself,
      end: { signal, at },
      disk: { found: this.#found, left: await lastGoodIn(this.#stateDir) },
      connectedAt: loggedAt(logged, 'ZooKeeper session: CONNECTED'),
      registeredAt: loggedAt(logged, 'this replica is registered'),
    });
    this.logged.push(...logged);
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
