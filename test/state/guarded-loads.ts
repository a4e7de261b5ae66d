import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Expected } from '../../src/inference/expected';
import { LoadGuard } from '../../src/state/load-guard';
import type { LoadAttempt } from '../../src/state/load-marker';
import { LoadMarkers } from '../../src/state/load-markers';
import { Turns } from '../../src/state/turns';
import { logged } from '../support/logged';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';

export const WANTED: AbortSignal = new AbortController().signal;

/** A load of version 2 of `iris`, and the state folder of the processes that try it. */
export class GuardedLoads implements AsyncDisposable {
  readonly folder: string;
  readonly load: LoadAttempt;

  private constructor(readonly directory: TemporaryDirectory) {
    this.folder = directory.path;
    const files = [join(this.folder, 'model.onnx')];
    const session = { intraOpThreads: 1 };
    this.load = { model: 'iris', version: '2', stamp: '0000000000000010', files, session };
  }

  static async open(): Promise<GuardedLoads> {
    const scene = new GuardedLoads(await temporaryDirectory());
    await writeFile(scene.load.files[0] ?? '', 'bytes');
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory[Symbol.asyncDispose]();
  }

  /** Of a process that begins; a model called `proven` has served before. */
  async guard(log = logged().log): Promise<LoadGuard> {
    const proven = (model: string) => model === 'proven';
    return new LoadGuard({ markers: await LoadMarkers.open(this.folder, log), proven, turns: new Turns(0) });
  }

  loads(guard: LoadGuard, attempt = this.load): Promise<string> {
    return guard.run(attempt, () => Promise.resolve('loaded'), WANTED);
  }

  /** A process that ends while it loads: nothing comes after. */
  async die(attempt = this.load): Promise<void> {
    const loading = new Expected<void>();
    const never = () => {
      loading.resolve();
      return new Promise<never>(() => undefined);
    };
    const guard = await this.guard();
    const run = guard.run(attempt, never, WANTED);
    await Promise.race([loading.promise, run]);
  }

  /** The files. */
  markers(): Promise<string[]> {
    return readdir(join(this.folder, 'loading'));
  }

  /** What each of them says. */
  async attempts(): Promise<number[]> {
    const { all } = await LoadMarkers.open(this.folder, logged().log);
    return all.map(({ attempts }) => attempts);
  }
}
