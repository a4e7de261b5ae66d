import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fourLetterWord, isFree } from '../../src/embedded/loopback-port';
import { locateZooKeeper } from '../../src/embedded/zookeeper-jars';
import { EmbeddedZooKeeper } from '../../src/embedded/zookeeper-server';
import { eventually } from './eventually';
import { quietPorts } from './quiet-ports';

const LOOPBACK = '127.0.0.1';
const TICK_MS = 500;
/** For a JVM to start and a quorum to form, on a machine that has other things to do. */
const SERVING_WITHIN_MS = 120_000;
const ANSWER_WITHIN_MS = 2000;
const ATTEMPTS = 3;

/** What a server says of itself (`srvr`); `none`: it answers nothing, or serves nobody for want of a quorum. */
export type ServerMode = 'leader' | 'follower' | 'standalone' | 'none';

/**
 * A real ensemble of Apache ZooKeeper servers on the loopback interface. They are quick rather than durable: what
 * they wrote outlives their processes, not the machine. Session timeouts of 1000 to 10,000 ms are granted.
 */
export class Ensemble implements AsyncDisposable {
  private constructor(
    private readonly directory: string,
    readonly servers: readonly EmbeddedZooKeeper[],
  ) {}

  /** Resolves when every server serves. A port that somebody takes in between costs another attempt. */
  static async start(size = 3, choosePorts = quietPorts, parent = tmpdir()): Promise<Ensemble> {
    for (let attempt = 1; ; attempt += 1) {
      const directory = await mkdtemp(join(parent, 'zooserve-ensemble-'));
      const ports = await choosePorts(3 * size);
      const ensemble = new Ensemble(directory, await prepared(directory, ports));
      try {
        await Promise.all(ensemble.servers.map((server) => server.restart()));
        return ensemble;
      } catch (error) {
        await ensemble[Symbol.asyncDispose]();
        const stillFree = await Promise.all(ports.map(isFree));
        if (attempt === ATTEMPTS || stillFree.every(Boolean)) throw error;
      }
    }
  }

  get connectString(): string {
    return this.servers.map(({ connectString }) => connectString).join(',');
  }

  /** From 1, as in the servers' own configuration. */
  numberOf(server: EmbeddedZooKeeper): number {
    return this.servers.indexOf(server) + 1;
  }

  /** Resolves with the server that leads, as soon as there is one. */
  async leader(): Promise<EmbeddedZooKeeper> {
    const [leader] = await eventually(
      () => this.#inMode('leader'),
      (found) => found.length > 0,
      SERVING_WITHIN_MS,
    );
    return leader as EmbeddedZooKeeper;
  }

  /** Resolves with those that follow, as soon as there is one. */
  async followers(): Promise<readonly EmbeddedZooKeeper[]> {
    return eventually(
      () => this.#inMode('follower'),
      (found) => found.length > 0,
      SERVING_WITHIN_MS,
    );
  }

  /** Resolves when every server serves, one of them as the leader. */
  async whole(): Promise<void> {
    await eventually(
      () => Promise.all(this.servers.map(modeOf)),
      (modes) => !modes.includes('none') && modes.filter((mode) => mode === 'leader').length === 1,
      SERVING_WITHIN_MS,
    );
  }

  /** The sum over all servers of a figure that they give for `mntr`; NaN where one does not answer. */
  async figure(name: string): Promise<number> {
    const answers = await Promise.all(
      this.servers.map(({ port }) => fourLetterWord(port, 'mntr', ANSWER_WITHIN_MS)),
    );
    const line = new RegExp(`^${name}\\t(\\d+)`, 'm');
    return answers.reduce((sum, answer) => sum + Number(line.exec(answer)?.[1]), 0);
  }

  /** Ends a server and takes everything that it ever wrote from it; the others have it if it is started again. */
  async wipe(server: EmbeddedZooKeeper): Promise<void> {
    await server.kill('SIGKILL');
    await rm(join(server.dataDir, 'version-2'), { recursive: true, force: true });
  }

  /** Ends every server, also a suspended one, and removes all that they wrote. Safe twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill('SIGKILL')));
    await rm(this.directory, { recursive: true, force: true });
  }

  async #inMode(wanted: ServerMode): Promise<readonly EmbeddedZooKeeper[]> {
    const modes = await Promise.all(this.servers.map(modeOf));
    return this.servers.filter((_, index) => modes[index] === wanted);
  }
}

export async function modeOf(server: EmbeddedZooKeeper): Promise<ServerMode> {
  const mode = /^Mode: (\w+)$/m.exec(await fourLetterWord(server.port, 'srvr', ANSWER_WITHIN_MS))?.[1];
  return mode === 'leader' || mode === 'follower' || mode === 'standalone' ? mode : 'none';
}

/** Servers that have not been started; `ports`: for clients, for followers and for elections. */
async function prepared(directory: string, ports: readonly number[]): Promise<EmbeddedZooKeeper[]> {
  const classPath = locateZooKeeper();
  const size = ports.length / 3;
  const members = Array.from({ length: size }, (_, i) => [
    `server.${i + 1}`,
    `${LOOPBACK}:${String(ports[size + i])}:${String(ports[2 * size + i])}`,
  ]);
  const config = {
    ...{ initLimit: 20, syncLimit: 6, '4lw.commands.whitelist': 'conf,srvr,mntr' },
    ...(Object.fromEntries(members) as Record<string, string>),
  };
  return Promise.all(
    ports.slice(0, size).map(async (port, i) => {
      const dataDir = join(directory, String(i + 1));
      await mkdir(dataDir);
      await writeFile(join(dataDir, 'myid'), `${i + 1}\n`);
      const javaOptions = ['-Dzookeeper.forceSync=no'];
      const timing = { tickTimeMs: TICK_MS, startTimeoutMs: SERVING_WITHIN_MS };
      return new EmbeddedZooKeeper({ dataDir, port, config, javaOptions, ...timing }, classPath);
    }),
  );
}
