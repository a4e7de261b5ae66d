import { ZooKeeperError } from '../errors';
import { ConcurrencyLimit } from './concurrency-limit';
import { latestChangeAbove } from './latest-change-above';
import { exists, getChildren, sync, type Sender } from './requests';
import { laterZxid } from './zxid';

/** Readings under way at a time: a connection waits for them, and a server has others to serve. */
const CONCURRENT_READS = 64;

/** What is remembered of the ensemble that this side knows: enough to tell another one by, or its own past. */
export interface History {
  /** The highest zxid that it was seen at. */
  readonly zxid: string;
  /** The znode that it is recognised by, as it was at zxid `asOf`; null: it was not there. */
  readonly landmark: { readonly czxid: string; readonly ctime: number } | null;
  readonly asOf: string;
  /** The names of all acceptances that were seen. */
  readonly accepted: readonly string[];
  /** Marks of a history that was given up. */
  readonly voided: readonly string[];
}

/** A znode, and its mzxid as it was seen: `<mzxid> <path>`. In one history it never goes back. */
export type Mark = readonly [path: string, mzxid: string];

export interface HistoryOptions {
  /** A znode that is not deleted in the ordinary course of things. */
  readonly landmark: string;
  /** A child of this znode that was never seen before says that the history it is found in is the right one. */
  readonly acceptances: string;
  /** What an earlier session, or process, knew. */
  readonly known: History | undefined;
  /** What must not have gone back, as of now. */
  readonly marks: () => readonly Mark[];
  /** Called when what is known has changed. */
  readonly onLearned: (known: History) => void;
  /** Called each time that an ensemble was met which is not the one known (`why`), and when all is well again. */
  readonly onForeign: (why: string | undefined) => void;
}

export type Examined = 'known' | 'accepted' | { readonly foreign: string };

/** How the ensemble looks at a moment. */
export interface Sight {
  readonly zxid: string;
  readonly landmark: History['landmark'];
  readonly acceptances: readonly string[];
}

/**
 * Tells the ensemble that is known from one that was wiped, or restored from an older copy. A server that has
 * answered a sync is behind of nothing that was committed before: if its zxid is lower than one seen earlier, history
 * was rewritten. The servers of an ensemble hold an election as they start, after which their zxids are higher than
 * ever: then the znodes tell. One that was seen and is older now, or missing though none above it has lost a
 * child since, was undone.
 *
 * What it cannot tell: that znodes went back which are neither the landmark nor a mark; and that one is missing below
 * a znode which others have been added to, or removed from, since the copy came back.
 */
export class HistoryGuard {
  readonly #options: HistoryOptions;
  #known: History | undefined;
  #foreign = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#known = options.known;
  }

  get known(): History | undefined {
    return this.#known;
  }

  /** Judges the ensemble behind a connection that has just been made, and learns from it unless it is foreign. */
  async examine(to: Sender): Promise<Examined> {
    const sight = await this.#look(to);
    const why = this.#known === undefined ? undefined : await this.#contradiction(to, this.#known, sight);
    if (why === undefined) {
      this.#learn(sight);
      return 'known';
    }
    if (sight.acceptances.some((name) => this.#known?.accepted.includes(name) !== true)) {
      const voided = this.#options.marks().map(asText);
      this.#learn(sight, { ...sight, asOf: sight.zxid, accepted: this.#known?.accepted ?? [], voided });
      return 'accepted';
    }
    this.#foreign = true;
    this.#options.onForeign(why);
    return { foreign: why };
  }

  /** That zxid was seen. */
  heard(zxid: string): void {
    if (this.#known !== undefined) this.#known = { ...this.#known, zxid: laterZxid(this.#known.zxid, zxid) };
  }

  /** The landmark and the acceptances changed, in a session that was examined. */
  notice(sight: Sight): void {
    this.#learn(sight);
  }

  async #look(to: Sender): Promise<Sight> {
    await sync(to, '/');
    const { node, asOf } = await exists(to, this.#options.landmark, false);
    const landmark = node === undefined ? null : { czxid: node.czxid, ctime: node.ctime };
    return { zxid: asOf, landmark, acceptances: await this.#acceptances(to) };
  }

  async #acceptances(to: Sender): Promise<readonly string[]> {
    try {
      return (await getChildren(to, this.#options.acceptances, false)).node?.names ?? [];
    } catch (error) {
      if (error instanceof ZooKeeperError && error.code === 'NO_AUTH') return [];
      throw error;
    }
  }

  #learn(sight: Sight, before: History | undefined = this.#known): void {
    const accepted = [...new Set([...(before?.accepted ?? []), ...sight.acceptances])];
    this.#known = {
      zxid: laterZxid(before?.zxid ?? sight.zxid, sight.zxid),
      landmark: sight.landmark ?? before?.landmark ?? null,
      asOf: sight.landmark === null ? (before?.asOf ?? sight.zxid) : sight.zxid,
      accepted,
      voided: before?.voided ?? [],
    };
    this.#options.onLearned(this.#known);
    this.#foreign = false;
    this.#options.onForeign(undefined);
  }

  async #contradiction(to: Sender, known: History, sight: Sight): Promise<string | undefined> {
    if (sight.zxid < known.zxid) {
      return `its last zxid is ${sight.zxid}, but ${known.zxid} was seen before`;
    }
    const { landmark } = this.#options;
    const [was, is] = [known.landmark, sight.landmark];
    const another = was !== null && is !== null && (was.czxid !== is.czxid || was.ctime !== is.ctime);
    if (another && is.czxid <= known.asOf) {
      return `its ${landmark} was created at zxid ${is.czxid}, when there was another one`;
    }
    if (was !== null && is === null && (this.#foreign || (await neverRemoved(to, landmark, was.czxid)))) {
      return `it has no ${landmark}, which nobody removed`;
    }
    const marks = this.#options.marks().filter((mark) => !known.voided.includes(asText(mark)));
    const limit = new ConcurrencyLimit(CONCURRENT_READS);
    const looked = await Promise.all(marks.map((mark) => limit.run(() => this.#wentBack(to, mark))));
    return looked.find((why) => why !== undefined);
  }

  async #wentBack(to: Sender, [path, mzxid]: Mark): Promise<string | undefined> {
    const { node } = await exists(to, path, false);
    if (node === undefined) {
      const missed = this.#foreign || (await neverRemoved(to, path, mzxid));
      return missed ? `it has no ${path}, which nobody removed` : undefined;
    }
    return node.mzxid < mzxid ? `its ${path} is older than what was seen before` : undefined;
  }
}

/** Whether the znode, which was there at `zxid`, is missing though no change above it says that it was removed. */
async function neverRemoved(to: Sender, path: string, zxid: string): Promise<boolean> {
  const changed = await latestChangeAbove(to, path);
  return changed !== undefined && changed <= zxid;
}

function asText([path, mzxid]: Mark): string {
  return `${mzxid} ${path}`;
}
