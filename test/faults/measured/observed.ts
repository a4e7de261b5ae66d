import { CheckedLoad } from '../../../bench/checked-load';
import { eventually } from '../../support/eventually';
import { IRIS, irisVersion } from '../../support/infer';
import { passes } from '../../support/passes';
import type { ServeProcess } from '../../support/serve-process';
import { PATIENCE_MS, ready, REPLICA, type Scene } from './scene';
import { ReplicaWatch } from './watch';

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
    await ready(replica);
    const observed = Observed.of(replica);
    await eventually(() => observed.load.answered > 20);
    return observed;
  }

  /** One that serves iris already. */
  static of(replica: ServeProcess): Observed {
    return new Observed(replica, new CheckedLoad(replica.url, IRIS, 2, 10), new ReplicaWatch(replica.url));
  }

  /** Waits until its log has such a line. */
  async logs(text: string): Promise<void> {
    await eventually(() => this.replica.logged.join('').includes(text), Boolean, PATIENCE_MS);
  }

  /** Call it before the process is made to end. */
  async lookAway(): Promise<void> {
    this.load.expectEnd();
    await this.watch[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lookAway();
    await this.replica.end('SIGTERM');
    await this.replica[Symbol.asyncDispose]();
  }
}
