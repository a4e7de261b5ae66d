import { join } from 'node:path';
import type { Logger } from 'pino';
import { errorMessage } from '../errors';
import { caughtUp } from './caught-up';
import { type GoodModel, type LastGood, NOTHING_GOOD, parseLastGood, type World } from './last-good';
import { fingerprintOf } from './load-marker';
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
  readonly #file: string | undefined;
  readonly #log: Logger;
  #found: LastGood;
  /** Of the file when it was read. */
  #fingerprint: string;
  #now: LastGood;
  #dirty = false;
  #claimed = false;
  #writing: Promise<void> | undefined;
  /** The models of which something is on disk. */
  #onDisk: ReadonlySet<string>;
  /** The disk failed, or was too slow: there is no use in waiting for it. */
  #unreliable = false;

  private constructor(file: string | undefined, log: Logger, found = NOTHING_GOOD, fingerprint = '') {
    this.#file = file;
    this.#onDisk = new Set(found.models.map(({ model }) => model));
    this.#log = log;
    this.#found = found;
    this.#fingerprint = fingerprint;
    this.#now = found;
  }

  /** Reads what is in `folder`; undefined: nothing is kept beyond the process. */
  static async open(folder: string | undefined, log: Logger): Promise<LastGoodStore> {
    if (folder === undefined) return new LastGoodStore(undefined, log);
    const file = join(folder, FILE);
    const fingerprint = await fingerprintOf([file]);
    return new LastGoodStore(file, log, await read(file, log), fingerprint);
  }

  /** What the process before this one left; nothing, if there was none. */
  get found(): LastGood {
    return this.#found;
  }

  get models(): readonly GoodModel[] {
    return this.#now.models;
  }

  /**
   * Whether the next process would find something to serve for `model`, this or what was good before it; also true where
   * that cannot be had, since nothing is kept or the disk failed or was too slow: whoever waits has waited enough.
   */
  remembers(model: string): boolean {
    return this.#file === undefined || this.#unreliable || this.#onDisk.has(model);
  }

  /**
   * The folder is this process's own from now on. What another process has written there since it was read (one of
   * the same name, for the end of which this one has waited) is taken up, and what this one has changed is written.
   */
  async claim(): Promise<void> {
    if (this.#file !== undefined && (await fingerprintOf([this.#file])) !== this.#fingerprint) {
      const left = await read(this.#file, this.#log);
      if (left !== NOTHING_GOOD) {
        this.#now = caughtUp(this.#now, this.#found, left);
        this.#found = left;
        this.#onDisk = new Set(left.models.map(({ model }) => model));
      }
    }
    this.#claimed = true;
    if (this.#dirty) this.#save();
  }

  /** This is what serves from now on. */
  put(good: GoodModel): void {
    const before = this.models.find(({ model }) => model === good.model);
    if (JSON.stringify(before) === JSON.stringify(good)) return;
    const models =
      before === undefined
        ? [...this.models, good]
        : this.models.map((other) => (other === before ? good : other));
    this.#save({ models });
  }

  /** The models are these, as `/models` with this czxid has them: the rest is forgotten. */
  retain(names: readonly string[], tree: string | null): void {
    const models = this.models.filter(({ model }) => names.includes(model));
    if (models.length < this.models.length || tree !== this.#now.tree) this.#save({ models, tree });
  }

  /** The ensemble is known by this. */
  knows(world: World): void {
    this.#save({ world });
  }

  /** Waits until the newest state is on disk, or could not be put there. Nothing is written from then on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    this.#claimed = false;
  }

  #save(change: Partial<LastGood> = {}): void {
    this.#now = { ...this.#now, ...change };
    this.#dirty = true;
    if (!this.#claimed) return;
    this.#writing ??= this.#writeWhileDirty().finally(() => (this.#writing = undefined));
  }

  async #writeWhileDirty(): Promise<void> {
    if (this.#file === undefined) return;
    while (this.#dirty) {
      this.#dirty = false;
      const state: LastGood = { ...this.#now, savedAt: Date.now() };
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
