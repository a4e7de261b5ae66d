import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JvmProcess } from './jvm-process';
import { fourLetterWord, freePort, isFree, LOOPBACK } from './loopback-port';
import { locateZooKeeper } from './zookeeper-jars';

const MAIN_CLASS = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
const POLL_MS = 20;
const STOP_GRACE_MS = 5000;
/** Time that a server left over from a parent that has just ended gets to end as well. */
const PREDECESSOR_GRACE_MS = 3000;
const FREE_PORT_ATTEMPTS = 3;

export interface ZooKeeperServerOptions {
  /** Everything the server keeps: transaction log, snapshots, `zoo.cfg`, log. Made if it is not there. */
  readonly dataDir: string;
  /** On 127.0.0.1 only. 0 or absent: a free one. */
  readonly port?: number;
  /** Session timeouts are held to between 2 and 20 ticks unless said otherwise. Default 2000. */
  readonly tickTimeMs?: number;
  readonly maxSessionTimeoutMs?: number;
  readonly javaOptions?: readonly string[];
  /** Further lines of `zoo.cfg`. */
  readonly config?: Readonly<Record<string, string | number>>;
  /** Default: `zookeeper.log` in the data directory; appended to. */
  readonly logFile?: string;
  /** Default 30,000. */
  readonly startTimeoutMs?: number;
}

/**
 * Starts Apache ZooKeeper, one standalone server in a child process, and resolves once it serves. Rejects with an
 * Error that names the port if that is taken, and with the server's last log lines if it ends or does not serve
 * in time.
 */
export async function startZooKeeper(options: ZooKeeperServerOptions): Promise<EmbeddedZooKeeper> {
  const classPath = locateZooKeeper();
  mkdirSync(options.dataDir, { recursive: true });
  // The server prints absolute paths, which is how it is told from a stranger on the same port.
  const dataDir = realpathSync(options.dataDir);
  await awaitPredecessor(dataDir);
  for (let attempt = 1; ; attempt += 1) {
    const chosen = options.port !== undefined && options.port !== 0;
    const port = chosen ? options.port : await freePort();
    const server = new EmbeddedZooKeeper({ ...options, dataDir, port }, classPath);
    try {
      await server.restart();
      return server;
    } catch (error) {
      // A free port may be taken by somebody else before the server has it.
      if (chosen || attempt === FREE_PORT_ATTEMPTS || (await isFree(port))) throw error;
    }
  }
}

/** A server started by {@link startZooKeeper}. It ends with this process, however this process ends. */
export class EmbeddedZooKeeper implements AsyncDisposable {
  readonly port: number;
  readonly connectString: string;
  #jvm: JvmProcess | undefined;
  readonly #options: ZooKeeperServerOptions;
  readonly #classPath: string;
  readonly #logFile: string;

  /** Use {@link startZooKeeper}. Made by itself, for one of several servers, say, it is started by `restart()`. */
  constructor(options: ZooKeeperServerOptions & { readonly port: number }, classPath: string) {
    this.#options = options;
    this.#classPath = classPath;
    this.#logFile = options.logFile ?? join(options.dataDir, 'zookeeper.log');
    this.port = options.port;
    this.connectString = `${LOOPBACK}:${this.port}`;
  }

  get dataDir(): string {
    return this.#options.dataDir;
  }

  /** The process id of the JVM; that of the last one when it has ended. */
  get pid(): number {
    if (this.#jvm === undefined) throw new Error('the server was never started');
    return this.#jvm.pid;
  }

  get running(): boolean {
    return this.#jvm?.running ?? false;
  }

  /** Resolves with the words for how the present run ended, be it by {@link kill} or by itself. */
  get exited(): Promise<string> {
    return this.#jvm?.exited ?? Promise.resolve('was never started');
  }

  /** Ends the server with `signal` and waits until it has. Its data stay. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (signal === 'SIGKILL') await this.#jvm?.kill('SIGKILL');
    else await this.#jvm?.stop(STOP_GRACE_MS);
  }

  /** Stops the world for the server's clients (it keeps its connections and answers nothing) until {@link resume}. */
  suspend(): void {
    this.#jvm?.signal('SIGSTOP');
  }

  resume(): void {
    this.#jvm?.signal('SIGCONT');
  }

  /** Ends the server if it runs and starts it again, on the same port and data. */
  async restart(): Promise<void> {
    await this.kill('SIGTERM');
    if (!(await isFree(this.port))) throw new Error(`port ${this.port} of ${LOOPBACK} is taken`);
    const configFile = writeConfig(this.#options, this.port);
    this.#jvm = new JvmProcess(
      [
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-Dzookeeper.jmx.log4j.disable=true',
        '-Dorg.slf4j.simpleLogger.showDateTime=true',
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        ...(this.#options.javaOptions ?? []),
        '-cp',
        this.#classPath,
        MAIN_CLASS,
        configFile,
      ],
      { cwd: this.#options.dataDir, logFile: this.#logFile },
    );
    await this.#awaitServing(this.#jvm);
  }

  /** SIGTERM, then SIGKILL if need be; safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM');
  }

  async #awaitServing(jvm: JvmProcess): Promise<void> {
    const timeoutMs = this.#options.startTimeoutMs ?? 30_000;
    const deadline = performance.now() + timeoutMs;
    let problem = `does not serve on port ${this.port} after ${timeoutMs} ms`;
    while (performance.now() < deadline) {
      if (await servesFrom(this.#options.dataDir, this.port)) return;
      if (!jvm.running) {
        problem = await jvm.exited;
        break;
      }
      await sleep(POLL_MS);
    }
    await jvm.kill('SIGKILL');
    throw new Error(`Apache ZooKeeper ${problem}. The end of ${this.#logFile}:\n${jvm.lastLogLines()}`);
  }
}

/** Two servers on one directory would ruin its data, and ZooKeeper itself takes no lock. */
async function awaitPredecessor(dataDir: string): Promise<void> {
  const port = configuredPort(dataDir);
  if (port === undefined) return;
  const deadline = performance.now() + PREDECESSOR_GRACE_MS;
  while (await servesFrom(dataDir, port)) {
    if (performance.now() > deadline) {
      throw new Error(`${dataDir} is in use by the ZooKeeper server on port ${port}; stop that one first`);
    }
    await sleep(POLL_MS);
  }
}

function configuredPort(dataDir: string): number | undefined {
  try {
    const config = readFileSync(join(dataDir, 'zoo.cfg'), 'latin1');
    const port = /^clientPort=(\d+)$/m.exec(config)?.[1];
    return port === undefined ? undefined : Number(port);
  } catch {
    return undefined; // No server was ever started here.
  }
}

async function servesFrom(dataDir: string, port: number): Promise<boolean> {
  const answer = await fourLetterWord(port, 'conf', 2000);
  return answer.split('\n').includes(`dataDir=${join(dataDir, 'version-2')}`);
}

function writeConfig(options: ZooKeeperServerOptions, port: number): string {
  const tickTime = options.tickTimeMs ?? 2000;
  const settings: Record<string, string | number> = {
    dataDir: options.dataDir,
    clientPort: port,
    clientPortAddress: LOOPBACK,
    tickTime,
    maxSessionTimeout: options.maxSessionTimeoutMs ?? 20 * tickTime,
    maxClientCnxns: 0,
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': 'conf,srvr',
    'autopurge.snapRetainCount': 3,
    'autopurge.purgeInterval': 1,
    ...options.config,
  };
  const file = join(options.dataDir, 'zoo.cfg');
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${propertyValue(String(value))}\n`);
  writeFileSync(file, lines.join(''), 'latin1');
  return file;
}

/** As java.util.Properties reads it: a backslash escapes, and other letters than ASCII are given by number. */
function propertyValue(text: string): string {
  return text.replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, (letter) =>
    Array.from(
      { length: letter.length },
      (_, index) => `\\u${letter.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
