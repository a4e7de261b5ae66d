import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ZnodePaths } from '../../src/registry/paths';
import type { ZooKeeperSession } from '../../src/streams/session';
import { zooserve, type CliOptions, type CliResult } from './cli';
import { connect, freshPaths } from './fleet';
import { sharedZooKeeper, type ZooKeeperPlace } from './zookeeper';

/** The program with a place in ZooKeeper of its own, a session beside it, and a repository that has iris 1 and 2 by name. */
export class CommandLine implements AsyncDisposable {
  paths: ZnodePaths = freshPaths();

  private constructor(
    private readonly zookeeper: ZooKeeperPlace,
    readonly session: ZooKeeperSession,
    /** The directory of the repository; its model files are empty. */
    readonly models: string,
  ) {}

  static async start(): Promise<CommandLine> {
    const zookeeper = await sharedZooKeeper();
    const models = await mkdtemp(join(tmpdir(), 'zooserve-models-'));
    for (const version of ['1', '2']) {
      await mkdir(join(models, 'iris', version), { recursive: true });
      await writeFile(join(models, 'iris', version, 'model.onnx'), '');
    }
    return new CommandLine(zookeeper, await connect(zookeeper.connectString), models);
  }

  get connectString(): string {
    return this.zookeeper.connectString;
  }

  /** From here on nothing is promoted, published or configured. */
  useFreshRoot(): void {
    this.paths = freshPaths();
  }

  /** `zooserve` on this ensemble, root and repository. */
  run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return zooserve(args, {
      ...options,
      environment: {
        ZOOSERVE_ZOOKEEPER: this.connectString,
        ZOOSERVE_ROOT: this.paths.root,
        ZOOSERVE_MODELS: this.models,
        ...options.environment,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    await this.zookeeper[Symbol.asyncDispose]();
    await rm(this.models, { recursive: true });
  }
}
