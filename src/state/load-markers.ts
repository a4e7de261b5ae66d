import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { errorMessage } from '../errors';
import { fingerprintOf, type LoadAttempt, type LoadMarker, markerFile, parseLoadMarker } from './load-marker';
import { readSealed, writeSealed } from './sealed-file';

const FOLDER = 'loading';

/**
 * The markers of one replica, a file each. What cannot be read is logged and passed over, and what cannot be
 * written is logged: a version is loaded all the same.
 */
export class LoadMarkers {
  readonly #folder: string;
  readonly #log: Logger;
  /** By the name of the file. */
  readonly #markers: Map<string, LoadMarker>;
  /** Files that this process has put there. */
  readonly #own = new Set<string>();
  /** Of each file the last write or removal: the next one comes after it. */
  readonly #last = new Map<string, Promise<void>>();

  private constructor(folder: string, found: Map<string, LoadMarker>, log: Logger) {
    this.#folder = folder;
    this.#markers = found;
    this.#log = log;
  }

  /** Reads what processes before this one left in `folder`. */
  static async open(folder: string, log: Logger): Promise<LoadMarkers> {
    const markers = join(folder, FOLDER);
    try {
      await mkdir(markers, { recursive: true, mode: 0o700 });
      return new LoadMarkers(markers, await readAll(markers, log), log);
    } catch (error) {
      log.error({ folder: markers, error: errorMessage(error) }, 'the markers of loads cannot be read');
      return new LoadMarkers(markers, new Map(), log);
    }
  }

  /** Takes up what another process has put there, or removed, since it was read. */
  async readAgain(): Promise<void> {
    const own = new Set(this.#own);
    let found: Map<string, LoadMarker>;
    try {
      found = await readAll(this.#folder, this.#log);
    } catch (error) {
      this.#log.error(
        { folder: this.#folder, error: errorMessage(error) },
        'the markers of loads cannot be read',
      );
      return;
    }
    for (const file of new Set([...this.#markers.keys(), ...found.keys()])) {
      if (own.has(file) || this.#own.has(file)) continue;
      const marker = found.get(file);
      if (marker === undefined) this.#markers.delete(file);
      else this.#markers.set(file, marker);
    }
  }

  get all(): readonly LoadMarker[] {
    return [...this.#markers.values()];
  }

  /**
   * How often this load was begun before without an end: 0 again when the version was asked for anew, by a later
   * write, or has other files.
   */
  async deadAttempts(load: LoadAttempt): Promise<number> {
    const marker = this.#markers.get(markerFile(load));
    if (marker === undefined || load.stamp > marker.stamp) return 0;
    return marker.files === (await fingerprintOf(load.files)) ? marker.attempts : 0;
  }

  /** Resolves when the marker is on disk, or could not be put there. */
  put(load: LoadAttempt, attempts: number): Promise<void> {
    const { model, version, stamp } = load;
    return this.#inTurn(load, async (file) => {
      const marker = { model, version, stamp, files: await fingerprintOf(load.files), attempts };
      this.#own.add(file);
      this.#markers.set(file, marker);
      try {
        await writeSealed(join(this.#folder, file), marker);
      } catch (error) {
        this.#log.error(
          { model, version, error: errorMessage(error) },
          'the marker of a load cannot be written: should the load take the process down, it will be tried again',
        );
      }
    });
  }

  remove(load: LoadAttempt): Promise<void> {
    return this.#inTurn(load, async (file) => {
      this.#markers.delete(file);
      try {
        await rm(join(this.#folder, file), { force: true });
      } catch (error) {
        const { model, version } = load;
        this.#log.error(
          { model, version, error: errorMessage(error) },
          'the marker of a load cannot be removed',
        );
      }
      this.#own.delete(file);
    });
  }

  /** `work`, which does not reject, after all that was to be done to the same file before. */
  async #inTurn(load: LoadAttempt, work: (file: string) => Promise<void>): Promise<void> {
    const file = markerFile(load);
    const turn = (this.#last.get(file) ?? Promise.resolve()).then(() => work(file));
    this.#last.set(file, turn);
    await turn;
    if (this.#last.get(file) === turn) this.#last.delete(file);
  }
}

async function readAll(folder: string, log: Logger): Promise<Map<string, LoadMarker>> {
  const found = new Map<string, LoadMarker>();
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue;
    const file = join(folder, name);
    try {
      const marker = parseLoadMarker(await readSealed(file));
      if (marker !== undefined) found.set(name, marker);
      else log.error({ file }, 'the marker of a load is not understood and ignored');
    } catch (error) {
      log.error({ file, error: errorMessage(error) }, 'the marker of a load cannot be read and is ignored');
    }
  }
  return found;
}
