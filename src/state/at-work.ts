import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { isName } from '../names';
import type { PromotedHere } from './life-record';

/** Bytes of the file for each: the longest names, the mzxid, what it does and the spaces between. */
const SLOT_BYTES = 160;
const RUNS = 'R';
const LOADS = 'L';
const RESTS = '-';

/** What was going on when a process ended. */
export interface LeftAtWork {
  /** Versions with a batch in a worker's hands. */
  readonly running: readonly PromotedHere[];
  /** A version was being loaded. */
  readonly loading: boolean;
}

/**
 * Which versions have a batch in a worker's hands, or are being loaded, in a file: whatever ends the process, its next
 * life finds what was going on. It is not synced, since a machine that ends is told apart, so that a batch costs two writes
 * of a few microseconds each; and it is kept only while there is a reason, from {@link AtWork.watch} to
 * {@link AtWork.stop}.
 */
export class AtWork {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  #file: number | undefined;
  /** Of each version at work. */
  readonly #slots = new Map<string, { readonly index: number; count: number }>();
  readonly #free: number[] = [];
  #next = 0;

  /** `onError` is told why nothing more is kept. */
  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
  }

  /** What the process before this one was doing; nothing, if it was not watched. */
  left(): LeftAtWork {
    let lines: readonly (readonly string[])[];
    try {
      lines = readFileSync(this.#path, 'latin1')
        .split('\n')
        .map((line) => line.trimEnd().split(' '));
    } catch {
      return { running: [], loading: false };
    }
    const running = lines.flatMap(([does, model = '', version = '', stamp = '']) =>
      does === RUNS && isName(model) && isName(version) && /^[0-9a-f]{16}$/.test(stamp)
        ? [{ model, version, stamp }]
        : [],
    );
    return { running, loading: lines.some(([does]) => does === LOADS) };
  }

  /** From here on. What the process before left is gone. */
  watch(): void {
    this.#try(() => {
      this.#file ??= openSync(this.#path, 'w', 0o600);
      process.once('exit', this.#clear);
    });
  }

  /** Nothing is kept any more, and nothing is left. */
  stop(): void {
    process.off('exit', this.#clear);
    this.#clear();
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) closeSync(file);
  }

  begin(of: PromotedHere, does: 'runs' | 'loads' = 'runs'): void {
    if (this.#file === undefined) return;
    const line = lineOf(of, does);
    const slot = this.#slots.get(line);
    if (slot !== undefined) {
      slot.count += 1;
      return;
    }
    const index = this.#free.pop() ?? this.#next++;
    this.#slots.set(line, { index, count: 1 });
    this.#write(line.padEnd(SLOT_BYTES - 1) + '\n', index);
  }

  /** What was begun before the watch has no end either. */
  end(of: PromotedHere, does: 'runs' | 'loads' = 'runs'): void {
    if (this.#file === undefined) return;
    const line = lineOf(of, does);
    const slot = this.#slots.get(line);
    if (slot === undefined) return;
    slot.count -= 1;
    if (slot.count > 0) return;
    this.#slots.delete(line);
    this.#free.push(slot.index);
    this.#write(RESTS, slot.index);
  }

  #write(text: string, index: number): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#try(() => writeSync(file, text, index * SLOT_BYTES, 'latin1'));
  }

  /** Also when Node.js itself ends the process, by an error that nobody caught: no version is to blame. */
  readonly #clear = (): void => {
    const file = this.#file;
    this.#slots.clear();
    this.#free.length = 0;
    this.#next = 0;
    if (file !== undefined) {
      this.#try(() => {
        ftruncateSync(file);
      });
    }
  };

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#abandon();
      this.#onError(error);
    }
  }

  /** Wrong entries would be worse than none. */
  #abandon(): void {
    const file = this.#file;
    this.#file = undefined;
    rmSync(this.#path, { force: true });
    if (file !== undefined) closeSync(file);
  }
}

function lineOf({ model, version, stamp }: PromotedHere, does: 'runs' | 'loads'): string {
  return `${does === 'runs' ? RUNS : LOADS} ${model} ${version} ${stamp}`;
}
