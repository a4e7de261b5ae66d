import { ZnodePaths } from '../../src/registry/paths';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { ContendedLock } from '../support/contended-lock';
import { Ensemble } from '../support/ensemble';
import { ObservedReplica } from '../support/observed-replica';
import { RecordedWrites } from '../support/recorded-writes';
import { SeededRandom } from '../support/seeded-random';
import { Observer } from './observer';
import { handlerConfig, MODELS } from './models';
import { DONE, SharedWork } from './shared-work';

const NAMES = ['1', '2', '3'] as const;
const WRITER_TIMEOUT_MS = 10_000;

/**
 * Three servers, three replicas under load, three clients that observe, contend for a lock and share work, and one that
 * writes.
 */
export class Rig implements AsyncDisposable {
  readonly paths = new ZnodePaths('/zooserve');
  readonly lock = new ContendedLock('/soak/lock', '/soak/log');
  readonly work = new SharedWork();
  readonly #disposables: AsyncDisposable[] = [];

  private constructor(
    readonly ensemble: Ensemble,
    /** Straight to the servers: no fault of the network reaches it. */
    readonly session: ZooKeeperSession,
    readonly writes: RecordedWrites,
    readonly replicas: readonly ObservedReplica[],
    readonly observers: readonly Observer[],
    disposables: AsyncDisposable[],
  ) {
    this.#disposables = disposables;
  }

  /**
   * Resolves when every replica serves. `scratch`: a folder for all that is put aside. `interrupted` ends the start as
   * soon as the present part of it is over.
   */
  static async start(seed: number, scratch: string, interrupted: AbortSignal): Promise<Rig> {
    const disposables: AsyncDisposable[] = [];
    const own = <T extends AsyncDisposable>(made: T): T => {
      disposables.push(made);
      interrupted.throwIfAborted();
      return made;
    };
    try {
      const ensemble = own(await Ensemble.start(undefined, undefined, scratch));
      const session = own(
        openSession({ connectString: ensemble.connectString, sessionTimeoutMs: WRITER_TIMEOUT_MS }),
      );
      await session.connected();
      for (const path of ['/soak/log', DONE]) await session.ensurePath(path);
      const paths = new ZnodePaths('/zooserve');
      const writes = new RecordedWrites(session, paths);
      for (const model of MODELS) {
        await writes.promote(model, '1');
        await writes.configure(model, handlerConfig(new SeededRandom(seed)));
      }
      const watched = MODELS.flatMap((model) => [paths.version(model), paths.config(model)]);
      const replicas: ObservedReplica[] = [];
      const observers: Observer[] = [];
      for (const name of NAMES) {
        replicas.push(own(await ObservedReplica.start(ensemble, name, scratch)));
        observers.push(own(await Observer.start(ensemble, `client ${name}`, watched)));
      }
      return new Rig(ensemble, session, writes, replicas, observers, disposables);
    } catch (error) {
      await disposeAll(disposables);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await disposeAll(this.#disposables);
  }
}

/** The last made first: the ensemble goes last. */
async function disposeAll(disposables: AsyncDisposable[]): Promise<void> {
  for (const made of disposables.splice(0).reverse()) await made[Symbol.asyncDispose]();
}
