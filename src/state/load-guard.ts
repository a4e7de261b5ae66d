import type { Logger } from 'pino';
import { LoadTimeoutError, ModelError } from '../errors';
import { markerFile, type LoadAttempt } from './load-marker';
import { LoadMarkers } from './load-markers';
import { Turns } from './turns';

/** A version of which so many loads had no end is not tried again. */
const DEATHS_ALLOWED = 2;
/** Of a version that has served here before: it is likelier that the process was killed for another reason. */
const DEATHS_ALLOWED_TO_PROVEN = 5;

export interface LoadGuardOptions {
  readonly markers: LoadMarkers;
  /** Whether a version is known to have served here. */
  readonly proven?: (model: string, version: string) => boolean;
  readonly turns?: Turns;
}

/**
 * Keeps a version that takes the process down while it is loaded from doing so at every start. A marker on disk
 * precedes each load and is removed when that has an end; one that is found later tells of a process that died.
 * Such a suspect is loaded again, while nothing else is, so that the next marker speaks of it alone. After a few
 * deaths it is refused.
 */
export class LoadGuard {
  readonly #markers: LoadMarkers;
  readonly #proven: (model: string, version: string) => boolean;
  readonly #turns: Turns;
  readonly #loading = new Set<LoadAttempt>();
  /** Given up, and under way all the same. */
  readonly #late = new Set<LoadAttempt>();
  #closing = false;

  constructor({ markers, proven = () => false, turns = new Turns() }: LoadGuardOptions) {
    this.#markers = markers;
    this.#proven = proven;
    this.#turns = turns;
  }

  /** With what processes before this one left in `folder`. */
  static async open(folder: string, log: Logger, proven?: LoadGuardOptions['proven']): Promise<LoadGuard> {
    const markers = await LoadMarkers.open(folder, log);
    for (const { model, version, attempts } of markers.all) {
      log.warn({ model, version, attempts }, 'a process before this one ended while it loaded this version');
    }
    return new LoadGuard({ markers, ...(proven === undefined ? {} : { proven }) });
  }

  /** The folder is this process's own: what a process of its name has done there since it was opened is taken up. */
  async claim(): Promise<void> {
    await this.#markers.readAgain();
  }

  /** Whether a process ended while it loaded that version, whichever write asked for it. */
  suspects(model: string, version: string): boolean {
    return this.#markers.all.some((marker) => marker.model === model && marker.version === version);
  }

  /**
   * Runs `work`, which loads `load`. Rejects as `work` does, with CRASHED_WHILE_LOADING when the load is refused,
   * with the reason of `signal` when that is aborted before it begins. After a {@link LoadTimeoutError} the load is
   * still under way: its marker stays until that has an end.
   */
  readonly run = async <T>(load: LoadAttempt, work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const deaths = await this.#markers.deadAttempts(load);
    const allowed = this.#proven(load.model, load.version) ? DEATHS_ALLOWED_TO_PROVEN : DEATHS_ALLOWED;
    if (deaths >= allowed) throw refusal(load, deaths);
    const marked = () => this.#marked(load, deaths + 1, work);
    return deaths === 0 ? this.#turns.together(marked, signal) : this.#turns.alone(marked, signal);
  };

  /** The process is about to end in order: should it be killed on the way, no load is to blame. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(Array.from(this.#loading, (load) => this.#markers.remove(load)));
  }

  async #marked<T>(load: LoadAttempt, attempts: number, work: () => Promise<T>): Promise<T> {
    this.#loading.add(load);
    if (!this.#closing) await this.#markers.put(load, attempts);
    // Closed while it was written.
    if (this.#closing) await this.#markers.remove(load);
    try {
      return await work();
    } catch (error) {
      if (error instanceof LoadTimeoutError) this.#expectLate(load, error.ended);
      throw error;
    } finally {
      this.#loading.delete(load);
      if (!this.#late.has(load)) await this.#markers.remove(load);
    }
  }

  #expectLate(load: LoadAttempt, ended: Promise<unknown>): void {
    this.#late.add(load);
    void ended.then(async () => {
      this.#late.delete(load);
      const under = [...this.#late, ...(this.#closing ? [] : this.#loading)];
      const others = under.filter((other) => markerFile(other) === markerFile(load));
      const [other] = others;
      if (other === undefined) await this.#markers.remove(load);
      else await this.#markers.put(other, others.length);
    });
  }
}

function refusal({ model, version }: LoadAttempt, deaths: number): ModelError {
  return new ModelError(
    'CRASHED_WHILE_LOADING',
    `version ${version} of model ${model} is not loaded: ${deaths} loads of it had no end, since the process ended or they hung; ` +
      'write the version znode again, or change its files, to have it tried again',
  );
}
