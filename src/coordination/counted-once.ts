import { randomUUID } from 'node:crypto';
import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { formatCount, parseCount } from './count';
import { tellOfRemains } from './in-background';
import { hasCode, persistently } from './persistently';

/** What a change made of a counter. */
export interface Counted {
  readonly before: bigint;
  readonly after: bigint;
}

/** A write that was asked for, with the number and the version of the znode that it takes effect on. */
interface Write extends Counted {
  readonly czxid: string;
  readonly version: number;
}

/**
 * One change of a counter, carried out exactly once however often it has to be tried.
 *
 * Each write takes effect only on the version that was read for it, and leaves a receipt, a znode below the counter, in
 * the same transaction. After a reply that was lost: as long as the version has not changed, the write has not taken
 * effect, and is repeated as it was, so that two of it cannot both do so. Once the version has changed, it never will
 * any more, and the receipt tells whether it did. That holds in the same session and in the next.
 */
export class CountedOnce {
  readonly #receipt: string;
  /** The write whose outcome is not known. */
  #unsure: Write | undefined;
  /** There may be a receipt. */
  #written = false;
  #ended = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly session: ZooKeeperSession,
    private readonly path: string,
    private readonly change: (count: bigint) => bigint,
  ) {
    this.#receipt = `${path}/${randomUUID()}`;
  }

  /** Undefined: another client was faster. To be repeated then, and after every error that a retry may help against. */
  attempt(): Promise<Counted | undefined> {
    const running = this.#attempt();
    this.#running = running;
    return running;
  }

  /**
   * Begins no further write, and takes the receipt away: now, or in the background as soon as there is a connection.
   * Never rejects: of a receipt that has to stay the session's log tells.
   */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#running.catch(() => undefined);
    if (!this.#written) return;
    try {
      await this.#removeReceipt();
    } catch {
      // Nobody waits any more; refused once, it is refused again, and told.
      persistently(this.session, undefined, () => this.#removeReceipt()).catch((error: unknown) => {
        tellOfRemains(this.session, this.#receipt, error);
      });
    }
  }

  async #attempt(): Promise<Counted | undefined> {
    const node = await this.session.get(this.path);
    const unsure = this.#unsure;
    // Asked after the counter was read: so old it cannot be missed.
    if (unsure !== undefined && (await this.session.exists(this.#receipt)) !== undefined) return unsure;
    if (node === undefined) {
      await this.session.ensurePath(this.path);
      return undefined;
    }
    const { czxid, version } = node.stat;
    const write =
      unsure?.czxid === czxid && unsure.version === version ? unsure : this.#next(node.data, node.stat);
    return await this.#write(write);
  }

  #next(data: Buffer, { czxid, version }: { readonly czxid: string; readonly version: number }): Write {
    this.#unsure = undefined;
    const before = parseCount(this.path, data);
    return { before, after: this.change(before), czxid, version };
  }

  async #write(write: Write): Promise<Counted | undefined> {
    const data = formatCount(this.path, write.after);
    const receipt = { op: 'create', path: this.#receipt, data: new Uint8Array() } as const;
    if (this.#ended) return undefined;
    try {
      await this.session.multi([
        { op: 'set', path: this.path, data, version: write.version },
        receipt,
        // Whoever may not take it away again would leave one with each change: refused before anything is written.
        { op: 'remove', path: this.#receipt },
        receipt,
      ]);
      this.#written = true;
      return write;
    } catch (error) {
      if (error instanceof ZooKeeperError && error.outcome.mayHaveHappened) {
        this.#unsure = write;
        this.#written = true;
      }
      // Another client was faster, or this very write, in an attempt of which nothing was heard.
      if (hasCode(error, 'VERSION_CONFLICT', 'NO_NODE', 'NODE_EXISTS')) return undefined;
      throw error;
    }
  }

  async #removeReceipt(): Promise<void> {
    // Another server may lag behind the one that made it.
    await this.session.sync(this.#receipt);
    try {
      await this.session.remove(this.#receipt);
    } catch (error) {
      if (!hasCode(error, 'NO_NODE')) throw error;
    }
  }
}
