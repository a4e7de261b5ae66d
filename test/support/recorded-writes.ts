import { errorMessage, ZooKeeperError } from '../../src/errors';
import type { Committed } from '../../src/registry/commit-change';
import type { ZnodePaths } from '../../src/registry/paths';
import { promote } from '../../src/registry/promote';
import { type HistoryEntry, readHistory } from '../../src/registry/read-history';
import { rollback } from '../../src/registry/rollback';
import { writeConfig } from '../../src/registry/write-config';
import type { ZooKeeperSession } from '../../src/streams/session';

const BY = 'the fault rig';

interface Write {
  readonly model: string;
  /** Of this write alone; the history has it. */
  readonly reason: string;
  readonly what: string;
  outcome: 'under way' | 'acknowledged' | 'unknown' | 'not done';
  mzxid?: string;
}

/** A promotion as the history has it. */
export interface Promotion {
  readonly zxid: string;
  readonly version: string;
  /** ms since 1970 */
  readonly when: number;
}

/** What was said of a write, in a word and in words. */
export interface Written {
  readonly outcome: 'acknowledged' | 'unknown' | 'not done';
  readonly words: string;
}

/** Promotions, rollbacks and configs, written as the command line does, with what was said of each. */
export class RecordedWrites {
  readonly #writes: Write[] = [];

  constructor(
    private readonly session: ZooKeeperSession,
    private readonly paths: ZnodePaths,
  ) {}

  get counts(): Readonly<Record<'acknowledged' | 'unknown' | 'not done', number>> {
    const counts = { acknowledged: 0, unknown: 0, 'not done': 0 };
    for (const { outcome } of this.#writes) if (outcome !== 'under way') counts[outcome] += 1;
    return counts;
  }

  promote(model: string, version: string): Promise<Written> {
    return this.#write(model, `promote ${model} ${version}`, (reason) =>
      promote(this.session, this.paths, { model, version, by: BY, reason }),
    );
  }

  rollback(model: string): Promise<Written> {
    return this.#write(model, `roll ${model} back`, (reason) =>
      rollback(this.session, this.paths, { model, by: BY, reason }),
    );
  }

  configure(model: string, config: object): Promise<Written> {
    const data = Buffer.from(JSON.stringify(config));
    return this.#write(model, `configure ${model} ${data.toString()}`, (reason) =>
      writeConfig(this.session, this.paths, { model, data, by: BY, reason }),
    );
  }

  /**
   * Holds what was said of the writes against the history: each that was acknowledged is there, none is there twice,
   * and none is there that was said not to have been done.
   */
  async complaints(model: string): Promise<string[]> {
    const history = await readHistory(this.session, this.paths, model);
    return this.#writes.flatMap((write) => (write.model === model ? complaintsOf(write, history) : []));
  }

  /** Every promotion of the history, by its zxid: the version that answers under it have to name. */
  async promotions(model: string): Promise<ReadonlyMap<string, string>> {
    return new Map((await this.promoted(model)).map(({ zxid, version }) => [zxid, version]));
  }

  /** The same, with when it was, in ms since 1970. */
  async promoted(model: string): Promise<readonly Promotion[]> {
    const history = await readHistory(this.session, this.paths, model);
    return history
      .filter(({ kind }) => kind !== 'config')
      .map(({ zxid, to, when }) => ({ zxid, version: to, when }));
  }

  /** Resolves, whatever comes of it, with words for that. */
  async #write(
    model: string,
    what: string,
    attempt: (reason: string) => Promise<Committed>,
  ): Promise<Written> {
    const write: Write = { model, what, reason: `write ${this.#writes.length + 1}`, outcome: 'under way' };
    this.#writes.push(write);
    try {
      write.mzxid = (await attempt(write.reason)).mzxid;
      write.outcome = 'acknowledged';
      return { outcome: write.outcome, words: `acknowledged at ${write.mzxid}` };
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) {
        // Such as somebody else's write in between: said to have changed nothing.
        write.outcome = 'not done';
        return { outcome: write.outcome, words: errorMessage(error) };
      }
      write.outcome = error.outcome.mayHaveHappened ? 'unknown' : 'not done';
      return { outcome: write.outcome, words: `${write.outcome}: ${error.message}` };
    }
  }
}

function complaintsOf(
  { what, reason, outcome, mzxid }: Write,
  history: readonly HistoryEntry[],
): readonly string[] {
  const found = history.filter((entry) => entry.reason === reason).map(({ zxid }) => zxid);
  const name = `${reason} (${what})`;
  if (found.length > 1) return [`${name} was written ${found.length} times`];
  if (outcome === 'not done' && found.length > 0)
    return [`${name} was said not to be done, but is in the history`];
  if (outcome === 'acknowledged' && found[0] !== mzxid) {
    return [
      `${name} was acknowledged at ${mzxid ?? ''}, but the history has it at ${found[0] ?? 'no place'}`,
    ];
  }
  return [];
}
