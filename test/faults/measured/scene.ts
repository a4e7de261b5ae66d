import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckedLoad, type CheckedLoadResult } from '../../../bench/checked-load';
import { percentile } from '../../../bench/percentile';
import { ZnodePaths } from '../../../src/registry/paths';
import { promote } from '../../../src/registry/promote';
import { openSession, type ZooKeeperSession } from '../../../src/streams/session';
import { Ensemble } from '../../support/ensemble';
import { EnsembleProxy } from '../../support/ensemble-proxy';
import { eventually } from '../../support/eventually';
import { GREEDY } from '../../support/greedy-handler';
import { IRIS, irisVersion } from '../../support/infer';
import { passes } from '../../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../../support/serve-process';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory';
import { ReplicaWatch } from './watch';

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
    await mkdir(join(scene.models, 'iris', 'corrupt'));
    await writeFile(join(scene.models, 'iris', 'corrupt', 'model.onnx'), 'no model');
    const fixtures = join(PROJECT_ROOT, 'test', 'fixtures', 'models');
    for (const [name, fixture] of [
      ['rounds', 'rounds'],
      ['greedy', 'which_version'],
    ] as const)
      await cp(join(fixtures, fixture), join(scene.models, name), { recursive: true });
    await writeFile(join(scene.models, 'greedy', '1', 'handler.js'), GREEDY);
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

  /** What the replica reports of iris; nothing, if it does not. */
  async status(): Promise<Reported> {
    const node = await this.writer.get(this.paths.status('iris', REPLICA));
    // The program's own record.
    return JSON.parse(node?.data.toString() ?? '{}') as Reported;
  }

  async write(path: string, data: string): Promise<void> {
    await this.writer.ensurePath(path);
    await this.writer.set(path, Buffer.from(data));
  }

  /** The version that is not promoted now. */
  async other(): Promise<string> {
    const present = (await this.writer.get(this.paths.version('iris')))?.data.toString();
    return present === '1' ? '2' : '1';
  }

  /** Starts a replica; resolves when it listens. `fresh`: with nothing left by a former one. */
  startReplica(fresh = false): Promise<ServeProcess> {
    const stateDir = { stateDir: join(this.directory.path, 'state') };
    return ServeProcess.start({
      zookeeper: this.network.connectString,
      models: this.models,
      replica: REPLICA,
      args: ['--session-timeout', String(SESSION_TIMEOUT_MS)],
      ...(fresh ? {} : stateDir),
    });
  }

  /** Another client, to an ensemble that was wiped: the one before has seen too much to be let in. */
  async newWriter(): Promise<void> {
    await this.writer[Symbol.asyncDispose]();
    this.writer = openWriter(this.ensemble);
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

/** A replica that serves what is promoted, under a light load and under observation. */
export class Observed implements AsyncDisposable {
  private constructor(
    readonly replica: ServeProcess,
    readonly load: CheckedLoad,
    readonly watch: ReplicaWatch,
  ) {}

  static async start(scene: Scene): Promise<Observed> {
    const replica = await scene.startReplica();
    const version = (await scene.session.get(scene.paths.version('iris')))?.data.toString();
    await passes(async () => {
      if ((await irisVersion(replica.url)) !== version)
        throw new Error(`it does not serve ${String(version)}`);
    }, PATIENCE_MS);
    await passes(async () => {
      if ((await scene.session.exists(scene.paths.replica(REPLICA))) === undefined)
        throw new Error('not live');
    }, PATIENCE_MS);
    return Observed.of(replica);
  }

  /** One that serves iris already. */
  static of(replica: ServeProcess): Observed {
    return new Observed(replica, new CheckedLoad(replica.url, IRIS, 2, 10), new ReplicaWatch(replica.url));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.load.expectEnd();
    await this.watch[Symbol.asyncDispose]();
    await this.replica.end('SIGTERM');
    await this.replica[Symbol.asyncDispose]();
  }
}

/** Of a load's requests, in words. */
export function requestsOf({ requests, failed, latenciesMs }: CheckedLoadResult): string {
  const slowest = Math.round(percentile(latenciesMs, 1));
  return `${failed} of ${requests} failed, slowest ${slowest} ms`;
}

/** Waits until health says that it is ready. */
export async function ready({ url }: ServeProcess): Promise<void> {
  await eventually(async () => (await fetch(`${url}/v2/health/ready`)).status === 200, Boolean, PATIENCE_MS);
}
