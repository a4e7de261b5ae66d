import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ModelError, errorMessage } from '../errors';
import { afterEnd, quarantine, sameVersion, type Verdict } from './after-end';
import { AtWork } from './at-work';
import type { GoodVersion } from './last-good';
import {
  type LifeRecord,
  NO_LIFE,
  parseLifeRecord,
  type PromotedHere,
  type Quarantined,
} from './life-record';
import { machineMoment, type MachineMoment } from './machine-moment';
import { readSealed, writeSealed } from './sealed-file';
import { nowServed, otherVersions, settled, withoutModels } from './served-here';

const FILE = 'lives.json';
/** A life of this length is a good one, and so is a version that served for as long. */
const SETTLED_MS = 600_000;

export interface LivesOptions {
  /** Undefined: nothing is kept beyond the process. */
  readonly folder: string | undefined;
  readonly log: Logger;
  /** Default {@link SETTLED_MS}. */
  readonly settledMs?: number | undefined;
  /** Default {@link machineMoment}. */
  readonly machine?: MachineMoment | undefined;
}

/**
 * How the processes of one replica ended, and which versions are quarantined for it. A version that crashes the process
 * while it serves would do so again in each life: a supervisor starts what served last. So a process that finds that the
 * one before had no end in order notes, until it has lasted for a while, which versions are at work (a few microseconds
 * a batch; nothing in all other lives), and a version that was at work at several ends in a row is not loaded again
 * until a later write asks for it. What cannot be read or written is logged, and a version is served all the same.
 */
export class Lives {
  readonly work: AtWork;
  readonly #folder: string | undefined;
  readonly #log: Logger;
  readonly #machine: MachineMoment;
  readonly #settledMs: number;
  #verdict: Verdict = { record: NO_LIFE, convicted: [] };
  #record = NO_LIFE;
  /** What serves, by its model. */
  readonly #serving = new Map<string, { readonly good: GoodVersion; readonly timer: NodeJS.Timeout }>();
  #claimed = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #dirty = false;
  #writing: Promise<void> | undefined;

  private constructor({ folder, log, settledMs }: LivesOptions, machine: MachineMoment) {
    this.#folder = folder;
    this.#log = log;
    this.#settledMs = settledMs ?? SETTLED_MS;
    this.#machine = machine;
    this.work = new AtWork(join(folder ?? '', 'at-work'), (error) => {
      log.error(
        { error: errorMessage(error) },
        'what is at work is not kept: a crash is charged to no version',
      );
    });
  }

  /** With what processes before this one left in `folder`. */
  static async open(options: LivesOptions): Promise<Lives> {
    const lives = new Lives(options, options.machine ?? (await machineMoment()));
    if (options.folder !== undefined) await lives.#judge(options.folder);
    return lives;
  }

  /** Quarantined for how the process before this one ended. */
  get convicted(): readonly Quarantined[] {
    return this.#verdict.convicted;
  }

  /**
   * The folder is this process's own: its life is on record when this resolves, and what happened there since is judged.
   */
  async claim(): Promise<void> {
    if (this.#folder === undefined) return;
    await this.#judge(this.#folder);
    if (this.#closed) return;
    this.#claimed = true;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
    if (this.#record.ends > 0) this.work.watch();
    this.#timer = setTimeout(() => {
      this.#settle();
    }, this.#settledMs).unref();
    await this.#save({ life: { machine: this.#machine, settled: false, serves: [] } });
  }

  /** The process is about to end in order: should it be killed on the way, no version is to blame. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { timer } of this.#serving.values()) clearTimeout(timer);
    if (!this.#claimed) return;
    this.work.stop();
    await this.#save({ life: null, ends: 0, charges: [] });
  }

  /** What answers for `model` from now on; undefined: nothing does. */
  serves(model: string, good: GoodVersion | undefined): void {
    const before = this.#serving.get(model);
    if (this.#closed || before?.good.mzxid === good?.mzxid) return;
    clearTimeout(before?.timer);
    this.#serving.delete(model);
    if (good !== undefined) {
      const timer = setTimeout(() => void this.#save(settled(this.#record, good)), this.#settledMs).unref();
      this.#serving.set(model, { good, timer });
    }
    void this.#save(good === undefined ? {} : nowServed(this.#record, good));
  }

  /** The models are these: of others nothing is known any more. */
  retain(models: readonly string[]): void {
    if (this.#closed) return;
    for (const model of [...this.#serving.keys()]) if (!models.includes(model)) this.serves(model, undefined);
    const kept = withoutModels(this.#record, models);
    if (kept !== undefined) void this.#save(kept);
  }

  /** The version as it was asked for is not loaded again, in this life or another. */
  quarantine(promotion: PromotedHere, reason: string): void {
    if (!this.#closed) void this.#save(quarantine(this.#record, { ...promotion, reason }));
  }

  isQuarantined(load: PromotedHere): boolean {
    return this.#quarantined(load) !== undefined;
  }

  /** @throws ModelError QUARANTINED */
  requireOpen(load: PromotedHere): void {
    const found = this.#quarantined(load);
    if (found !== undefined) throw refusal(found);
  }

  /** Versions that served here and may stand in for that one: those that did so for long, then the most recent, first. */
  others(model: string, version: string): readonly GoodVersion[] {
    return otherVersions(this.#record, { model, version });
  }

  /** Runs `work`, which loads that version. */
  async loading<T>(load: PromotedHere, work: () => Promise<T>): Promise<T> {
    this.work.begin(load, 'loads');
    try {
      return await work();
    } finally {
      this.work.end(load, 'loads');
    }
  }

  #quarantined(load: PromotedHere): Quarantined | undefined {
    return this.#record.quarantined.find((one) => sameVersion(one, load) && load.stamp <= one.stamp);
  }

  async #judge(folder: string): Promise<void> {
    const before = JSON.stringify(this.#verdict);
    const found = await read(join(folder, FILE), this.#log);
    const atWork = this.work.left();
    this.#verdict = afterEnd(found, atWork, this.#machine);
    this.#record = this.#verdict.record;
    for (const { good } of this.#serving.values()) {
      this.#record = { ...this.#record, ...nowServed(this.#record, good) };
    }
    if (JSON.stringify(this.#verdict) === before) return;
    const { serves } = found.life ?? {};
    const { ends } = this.#record;
    if (serves !== undefined) {
      this.#log.warn({ serves, ...atWork, ends }, 'the process before this one did not end in order');
    }
    for (const one of this.convicted) this.#log.error(one, refusal(one).message);
  }

  #settle(): void {
    const { life } = this.#record;
    this.work.stop();
    if (life !== null) void this.#save({ life: { ...life, settled: true }, ends: 0, charges: [] });
  }

  /** Resolves when it is on disk, or could not be put there. */
  #save(change: Partial<LifeRecord>): Promise<void> {
    const { life } = { ...this.#record, ...change };
    const serves = [...this.#serving.values()].map(({ good }) => `${good.model}/${good.version}`);
    this.#record = { ...this.#record, ...change, life: life && { ...life, serves } };
    this.#dirty = true;
    if (!this.#claimed || this.#folder === undefined) return Promise.resolve();
    this.#writing ??= this.#writeWhileDirty(join(this.#folder, FILE)).finally(
      () => (this.#writing = undefined),
    );
    return this.#writing;
  }

  async #writeWhileDirty(file: string): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await writeSealed(file, this.#record);
      } catch (error) {
        this.#log.error(
          { file, error: errorMessage(error) },
          'the record of lives cannot be written: a version that crashes the process will be started again',
        );
      }
    }
  }
}

function refusal({ model, version, reason }: Quarantined): ModelError {
  const message = `version ${version} of model ${model} is quarantined: ${reason}; it is not loaded again until its version znode is written again`;
  return new ModelError('QUARANTINED', message);
}

async function read(file: string, log: Logger): Promise<LifeRecord> {
  try {
    const found = await readSealed(file);
    if (found === undefined) return NO_LIFE;
    const record = parseLifeRecord(found);
    if (record !== undefined) return record;
    log.error({ file }, 'the record of lives is not understood and ignored');
  } catch (error) {
    log.error({ file, error: errorMessage(error) }, 'the record of lives cannot be read and is ignored');
  }
  return NO_LIFE;
}
