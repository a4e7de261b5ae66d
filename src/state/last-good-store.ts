import { join } from 'node:path';
import type { Logger } from 'pino';
import { errorMessage } from '../errors';
import { type GoodModel, type LastGood, NOTHING_GOOD, parseLastGood, type World } from './last-good';
import { readSealed, writeSealed } from './sealed-file';

const FILE = 'last-good.json';
/** A disk that takes longer is not waited for. */
const WRITTEN_WITHIN_MS = 5000;

/**
 * The last good state of one replica, in memory and, if it has a folder, on disk. What cannot be read is logged
 * and ignored, and what cannot be written is logged: a replica serves without it. Nothing is written before
 * {@link LastGoodStore.claim}: until a replica is registered, its folder may be that of a live one of its name.
 */
export class LastGoodStore implements AsyncDisposable {
  /** What the process before this one left; nothing, if there was none. */
  readonly found: LastGood;
  readonly #file: string | undefined;
  readonly #log: Logger;
  readonly #models: Map<string, GoodModel>;
  #tree: string | null;
  #world: World | null;
  #dirty = false;
  #claimed = false;
  #writing: Promise<void> | undefined;
  /** The models of which something is on disk. */
  #onDisk: ReadonlySet<string>;
  /** The disk failed, or was too slow: there is no use in waiting for it. */
  #unreliable = false;

  private constructor(file: string | undefined, found: LastGood, log: Logger) {
    this.#file = file;
    this.#onDisk = new Set(found.models.map(({ model }) => model));
    this.found = found;
    this.#log = log;
    this.#models = new Map(found.models.map((good) => [good.model, good]));
    this.#tree = found.tree;
    this.#world = found.world;
  }

  /** Reads what is in `folder`; undefined: nothing is kept beyond the process. */
  static async open(folder: string | undefined, log: Logger): Promise<LastGoodStore> {
    if (folder === undefined) return new LastGoodStore(undefined, NOTHING_GOOD, log);
    const file = join(folder, FILE);
    return new LastGoodStore(file, await read(file, log), log);
  }

  get models(): readonly GoodModel[] {
    return [...this.#models.values()];
  }

  /**
   * Whether the next process would find something to serve for `model`, this or what was good before it; also true where
   * that cannot be had, since nothing is kept or the disk failed or was too slow: whoever waits has waited enough.
   */
  remembers(model: string): boolean {
    return this.#file === undefined || this.#unreliable || this.#onDisk.has(model);
  }

  /** The folder is this process's own from now on: what has changed since it was read is written. */
  claim(): void {
    this.#claimed = true;
    if (this.#dirty) this.#save();
  }

  /** This is what serves from now on. */
  put(good: GoodModel): void {
    if (JSON.stringify(this.#models.get(good.model)) === JSON.stringify(good)) return;
    this.#models.set(good.model, good);
    this.#save();
  }

  /** The models are these, as `/models` with this czxid has them: the rest is forgotten. */
  retain(models: readonly string[], tree: string | null): void {
    const gone = [...this.#models.keys()].filter((model) => !models.includes(model));
    if (gone.length === 0 && tree === this.#tree) return;
    for (const model of gone) this.#models.delete(model);
    this.#tree = tree;
    this.#save();
  }

  /** The ensemble is known by this. */
  knows(world: World): void {
    this.#world = world;
    this.#save();
  }

  /** Waits until the newest state is on disk, or could not be put there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  #save(): void {
    this.#dirty = true;
    if (!this.#claimed) return;
    this.#writing ??= this.#writeWhileDirty().finally(() => (this.#writing = undefined));
  }

  async #writeWhileDirty(): Promise<void> {
    if (this.#file === undefined) return;
    while (this.#dirty) {
      this.#dirty = false;
      const state: LastGood = {
        ...{ savedAt: Date.now(), tree: this.#tree },
        ...{ models: this.models, world: this.#world },
      };
      const slow = setTimeout(() => {
        this.#unreliable = true;
        this.#log.warn(
          { file: this.#file },
          'the last good state is being written for long: nobody waits for it',
        );
      }, WRITTEN_WITHIN_MS);
      try {
        await writeSealed(this.#file, state);
        this.#onDisk = new Set(state.models.map(({ model }) => model));
        this.#unreliable = false;
      } catch (error) {
        this.#unreliable = true;
        this.#log.error(
          { file: this.#file, error: errorMessage(error) },
          'the last good state could not be written: a restart without ZooKeeper would serve an older one, or nothing',
        );
      } finally {
        clearTimeout(slow);
      }
    }
  }
}

async function read(file: string, log: Logger): Promise<LastGood> {
  try {
    const state = await readSealed(file);
    if (state === undefined) return NOTHING_GOOD;
    const parsed = parseLastGood(state);
    if (parsed !== undefined) return parsed;
    log.error({ file }, 'the last good state on disk is not understood and ignored');
  } catch (error) {
    log.error(
      { file, error: errorMessage(error) },
      'the last good state on disk cannot be read and is ignored',
    );
  }
  return NOTHING_GOOD;
}
