import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishVersion } from '../../src/cli/publish-version';
import { startZooKeeper, type EmbeddedZooKeeper } from '../../src/embedded/zookeeper-server';
import { ModelRepository } from '../../src/inference/repository';
import { ZnodePaths } from '../../src/registry/paths';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { pause } from '../clock';
import { getRequest } from '../load/infer-request';
import { HttpConnection } from '../load/http-connection';
import { writePerceptron } from '../onnx-file';
import { type Environment, ServerProcess } from './server-process';

/** From dist/bench/stand, where this file is built to. */
export const PROJECT_ROOT = join(__dirname, '..', '..', '..');
export const ZOOSERVE = join(PROJECT_ROOT, 'bin', 'zooserve.js');

const VERSIONS = ['1', '2'] as const;
const SESSION_TIMEOUT_MS = 20_000;
const READY_WITHIN_MS = 60_000;

/** Models to serve, by name, with the version that is promoted at first. */
export type Promoted = Readonly<Record<string, string>>;

/**
 * What all measurements share: an Apache ZooKeeper, a bare client of it, and a model repository, all in a
 * temporary directory. Replicas are `zooserve serve`, one at a time, each below a root of its own.
 */
export class Stand implements AsyncDisposable {
  readonly #replicas: ServerProcess[] = [];

  private constructor(
    readonly directory: string,
    readonly zookeeper: EmbeddedZooKeeper,
    readonly session: ZooKeeperSession,
    private readonly nodeOptions: readonly string[],
  ) {}

  /** `nodeOptions` are for the replicas: to profile them, say. */
  static async start(nodeOptions: readonly string[] = []): Promise<Stand> {
    const directory = await mkdtemp(join(tmpdir(), 'zooserve-bench-'));
    const zookeeper = await startZooKeeper({
      dataDir: join(directory, 'zookeeper'),
      // A disk that is slow to sync would be measured on both sides of each comparison and make them alike.
      javaOptions: ['-Dzookeeper.forceSync=no'],
    });
    const session = openSession({
      connectString: zookeeper.connectString,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    await session.connected(AbortSignal.timeout(SESSION_TIMEOUT_MS));
    const stand = new Stand(directory, zookeeper, session, nodeOptions);
    for (const sample of ['iris', 'digits']) {
      const from = join(PROJECT_ROOT, 'models', sample);
      await cp(from, join(stand.repository, sample), { recursive: true });
    }
    return stand;
  }

  get repository(): string {
    return join(this.directory, 'models');
  }

  /** Puts the versions 1 and 2 of a perceptron into the repository; their outputs differ by 1000. */
  async addPerceptron(model: string, widths: readonly number[]): Promise<void> {
    for (const version of VERSIONS) {
      const folder = join(this.repository, model, version);
      await mkdir(folder, { recursive: true });
      writePerceptron(join(folder, 'model.onnx'), widths, Number(version) * 1000);
    }
  }

  /** Enters the versions 1 and 2 of a model of the repository in the catalog below `root`, as `publish` does. */
  async publish(root: string, model: string): Promise<void> {
    const registry = { session: this.session, paths: new ZnodePaths(root) };
    const repository = new ModelRepository(this.repository);
    for (const version of VERSIONS) {
      const source = join(this.repository, model, version, 'model.onnx');
      await publishVersion(registry, repository, { model, version, source, by: 'bench' });
    }
  }

  /** Makes a znode what a replica below `root` is to serve; returns the zxid of the write. */
  async promote(root: string, model: string, version: string): Promise<string> {
    const { mzxid } = await this.session.set(new ZnodePaths(root).version(model), Buffer.from(version));
    return mzxid;
  }

  /** Sets a model's handler config, for replicas below `root` that start afterwards. */
  async configure(root: string, model: string, config: object): Promise<void> {
    const path = new ZnodePaths(root).config(model);
    await this.session.ensurePath(path);
    await this.session.set(path, Buffer.from(JSON.stringify(config)));
  }

  /** Writes the version znodes; what watches them may then start. */
  async promoteAll(root: string, promoted: Promoted): Promise<void> {
    for (const [model, version] of Object.entries(promoted)) {
      await this.session.ensurePath(new ZnodePaths(root).version(model));
      await this.promote(root, model, version);
    }
  }

  /**
   * Starts `zooserve serve` on published models; resolves when it is ready, with every model serving. `flags` and
   * `environment` are further ones.
   */
  async startReplica(
    root: string,
    promoted: Promoted,
    flags: readonly string[] = [],
    environment: Environment = {},
  ): Promise<ServerProcess> {
    for (const model of Object.keys(promoted)) await this.publish(root, model);
    await this.promoteAll(root, promoted);
    const replica = await ServerProcess.start(
      ZOOSERVE,
      [...this.serveArguments(root), ...flags],
      this.nodeOptions,
      environment,
    );
    this.#replicas.push(replica);
    await ready(replica.url);
    return replica;
  }

  /** Arguments of `zooserve serve` for this stand. */
  serveArguments(root: string, port = 0): string[] {
    const options = {
      zookeeper: this.zookeeper.connectString,
      root,
      models: this.repository,
      port,
      replica: 'measured',
      'state-dir': join(this.repository, '.state'),
    };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return ['serve', ...flags, '--strict-readiness'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Those that a measurement was interrupted with: each keeps its state in the directory until it ends.
    for (const replica of this.#replicas) await replica[Symbol.asyncDispose]();
    await this.session[Symbol.asyncDispose]();
    await this.zookeeper[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Resolves when the replica at `url` says that it is ready. */
export async function ready(url: string, pollMs = 10): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  const connection = await HttpConnection.open(url);
  try {
    const request = getRequest('/v2/health/ready');
    for (;;) {
      const { status } = await connection.ask(request);
      if (status === 200) return;
      if (performance.now() > deadline) throw new Error(`${url} is not ready after ${READY_WITHIN_MS} ms`);
      await pause(pollMs);
    }
  } finally {
    connection.close();
  }
}
