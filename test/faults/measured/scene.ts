import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ZnodePaths } from '../../../src/registry/paths';
import { promote } from '../../../src/registry/promote';
import { openSession, type ZooKeeperSession } from '../../../src/streams/session';
import { Ensemble } from '../../support/ensemble';
import { EnsembleProxy } from '../../support/ensemble-proxy';
import { eventually } from '../../support/eventually';
import { GREEDY } from '../../support/greedy-handler';
import { PROJECT_ROOT, ServeProcess } from '../../support/serve-process';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory';

export const REPLICA = 'measured';
/** Of a replica by default. The rig's servers grant it. */
export const SESSION_TIMEOUT_MS = 10_000;
export const PATIENCE_MS = 120_000;

/** What is looked at in a status record. */
export interface Reported {
  readonly phase?: string;
  readonly desired?: { readonly mzxid: string } | null;
  readonly error?: { readonly code: string } | null;
}

/** Three servers, a client that writes, and a network in which one replica lives. */
export class Scene implements AsyncDisposable {
  readonly paths = new ZnodePaths('/zooserve');

  private constructor(
    readonly ensemble: Ensemble,
    readonly network: EnsembleProxy,
    private readonly directory: TemporaryDirectory,
    private writer: ZooKeeperSession,
  ) {}

  static async start(): Promise<Scene> {
    const ensemble = await Ensemble.start();
    const directory = await temporaryDirectory();
    const scene = new Scene(ensemble, await EnsembleProxy.start(ensemble), directory, openWriter(ensemble));
    await cp(join(PROJECT_ROOT, 'models'), scene.models, { recursive: true });
    const fixtures = join(PROJECT_ROOT, 'test', 'fixtures', 'models');
    for (const [name, fixture] of [
      ['rounds', 'rounds'],
      ['greedy', 'which_version'],
      ['poisoned', 'which_version'],
    ] as const)
      await cp(join(fixtures, fixture), join(scene.models, name), { recursive: true });
    for (const version of ['1', '2'])
      await writeFile(join(scene.models, 'greedy', version, 'handler.js'), GREEDY);
    await scene.promote('1');
    return scene;
  }

  get models(): string {
    return join(this.directory.path, 'models');
  }

  get session(): ZooKeeperSession {
    return this.writer;
  }

  /** Resolves with the zxid of the write, once it was acknowledged. */
  async promote(version: string): Promise<string> {
    await this.writer.connected(AbortSignal.timeout(PATIENCE_MS));
    const { mzxid } = await promote(this.writer, this.paths, { model: 'iris', version, by: 'faults' });
    return mzxid;
  }

  /** Waits until no server knows the replica any more: one of its name would wait for that, and not for what is measured. */
  async signedOff(): Promise<void> {
    const node = (): Promise<unknown> => this.writer.exists(this.paths.replica(REPLICA));
    await eventually(node, (found) => found === undefined, PATIENCE_MS);
  }

  /** What the replica reports of a model; nothing, if it does not. */
  async status(model = 'iris'): Promise<Reported> {
    const node = await this.writer.get(this.paths.status(model, REPLICA));
    // The program's own record.
    return JSON.parse(node?.data.toString() ?? '{}') as Reported;
  }

  /** Waits until the status says that what was promoted at `zxid` has failed, and resolves with the code. */
  async failure(zxid: string, model = 'iris'): Promise<string> {
    const code = async (): Promise<string | undefined> => {
      const { phase, desired, error } = await this.status(model);
      return phase === 'FAILED' && desired?.mzxid === zxid ? error?.code : undefined;
    };
    return String(await eventually(code, Boolean, PATIENCE_MS));
  }

  /** Resolves with the zxid of the write. */
  async write(path: string, data: string): Promise<string> {
    await this.writer.ensurePath(path);
    return (await this.writer.set(path, Buffer.from(data))).mzxid;
  }

  /** Has a model unloaded that is none of the samples. */
  async forget(model: string): Promise<void> {
    for (const path of [this.paths.version(model), this.paths.config(model)])
      if ((await this.writer.exists(path)) !== undefined) await this.writer.remove(path);
    await this.writer.remove(`${this.paths.modelsDir}/${model}`);
  }

  /** The version that is not promoted now. */
  async other(): Promise<string> {
    const present = (await this.writer.get(this.paths.version('iris')))?.data.toString();
    return present === '1' ? '2' : '1';
  }

  /** Starts a replica on what was left there; resolves when it listens. */
  startReplica(stateDir = join(this.directory.path, 'state')): Promise<ServeProcess> {
    return this.#start({ stateDir });
  }

  /** The same, with nothing left by a former one. */
  startFresh(): Promise<ServeProcess> {
    return this.#start({});
  }

  async killAll(): Promise<void> {
    await Promise.all(this.ensemble.servers.map((server) => server.kill('SIGKILL')));
  }

  async restartAll(): Promise<void> {
    await Promise.all(this.ensemble.servers.map((server) => server.restart()));
    await this.ensemble.whole();
  }

  /** Another client, to an ensemble that was wiped: the one before has seen too much to be let in. */
  async newWriter(): Promise<void> {
    await this.writer[Symbol.asyncDispose]();
    this.writer = openWriter(this.ensemble);
  }

  #start(state: { readonly stateDir?: string }): Promise<ServeProcess> {
    return ServeProcess.start({
      zookeeper: this.network.connectString,
      models: this.models,
      replica: REPLICA,
      args: ['--session-timeout', String(SESSION_TIMEOUT_MS)],
      ...state,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer[Symbol.asyncDispose]();
    await this.network[Symbol.asyncDispose]();
    await this.ensemble[Symbol.asyncDispose]();
    await this.directory[Symbol.asyncDispose]();
  }
}

function openWriter(ensemble: Ensemble): ZooKeeperSession {
  return openSession({ connectString: ensemble.connectString, sessionTimeoutMs: SESSION_TIMEOUT_MS });
}

/** Waits until health says that it is ready. */
export async function ready({ url }: ServeProcess): Promise<void> {
  await eventually(async () => (await fetch(`${url}/v2/health/ready`)).status === 200, Boolean, PATIENCE_MS);
}

/** Why the replica is not ready. */
export async function reason({ url }: ServeProcess): Promise<string> {
  return (await fetch(`${url}/v2/health/ready`)).headers.get('zooserve-unready') ?? '';
}
