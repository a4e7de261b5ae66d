import { randomUUID } from 'node:crypto';
import type { ZooKeeperSession } from '../streams/session';
import { multiBelow } from './create-below';
import { burialOps } from './dead-letters';
import { hasCode, withinSession } from './persistently';
import type { QueuePaths } from './queue-paths';
import { sameSession } from './session-id';

/** An item that this session has claimed. */
export interface Claim {
  readonly id: string;
  readonly data: Buffer;
  /** From 1: the version of the item's znode, which stays so for as long as the claim is in force. */
  readonly attempt: number;
  /** The claim's znode. */
  readonly path: string;
  readonly czxid: string;
  readonly sessionId: string;
}

/** One session that is claiming one item. */
export class Claiming {
  readonly #tag = Buffer.from(randomUUID());
  readonly #item: string;
  readonly #claim: string;
  #data: Buffer = Buffer.alloc(0);
  #asked = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly session: ZooKeeperSession,
    private readonly sessionId: string,
    private readonly paths: QueuePaths,
    private readonly id: string,
    private readonly maxAttempts: number,
  ) {
    this.#item = `${paths.items}/${id}`;
    this.#claim = `${paths.claims}/${id}`;
  }

  /** Undefined: somebody else has it, or it is gone. May be repeated after a reply that was lost. */
  attempt(): Promise<Claim | undefined> {
    const running = this.#attempt();
    this.#running = running;
    return running;
  }

  /** Takes back a claim that nobody waits for any more; the attempt has been counted. */
  async giveBack(): Promise<void> {
    await this.#running.catch(() => undefined);
    if (!this.#asked) return;
    await withinSession(this.session, this.sessionId, async () => {
      // Another server may lag behind the one that took the claim.
      await this.#own.sync(this.#claim);
      if ((await this.#ownClaim()) === undefined) return;
      try {
        await this.#own.remove(this.#claim);
      } catch (error) {
        if (!hasCode(error, 'NO_NODE')) throw error;
      }
    });
  }

  async #attempt(): Promise<Claim | undefined> {
    const unsure = this.#asked;
    if (unsure) {
      await this.#own.sync(this.#claim);
      const found = await this.#look();
      if (found !== undefined) return found;
    }
    const item = await this.#own.get(this.#item);
    if (item === undefined) return undefined;
    this.#data = item.data;
    const { version } = item.stat;
    try {
      if (version >= this.maxAttempts) {
        await this.#bury(version);
        return undefined;
      }
      await this.#claimAt(version);
    } catch (error) {
      if (!hasCode(error, 'NODE_EXISTS', 'NO_NODE', 'VERSION_CONFLICT')) throw error;
      // Somebody else was first.
      this.#asked = unsure;
      return undefined;
    }
    return await this.#look();
  }

  async #claimAt(version: number): Promise<void> {
    this.#asked = true;
    await multiBelow(
      () => this.#own,
      [
        { op: 'create', path: this.#claim, data: this.#tag, mode: 'EPHEMERAL' },
        // The same data again, for the version that counts.
        { op: 'set', path: this.#item, data: this.#data, version },
      ],
    );
  }

  /** Its last attempt ended without a word. */
  async #bury(version: number): Promise<void> {
    const reason = 'the last worker that had claimed it was lost, or gave up its claim without a reason';
    const letter = { id: this.id, data: this.#data, attempts: version, reason };
    await multiBelow(
      () => this.#own,
      [
        // Fails while the last attempt is still going on.
        { op: 'create', path: this.#claim, data: this.#tag, mode: 'EPHEMERAL' },
        { op: 'remove', path: this.#claim },
        ...burialOps(this.paths, letter),
      ],
    );
  }

  async #look(): Promise<Claim | undefined> {
    const [claim, item] = await Promise.all([this.#ownClaim(), this.#own.exists(this.#item)]);
    if (claim === undefined || item === undefined) return undefined;
    return {
      id: this.id,
      data: this.#data,
      attempt: item.version,
      path: this.#claim,
      czxid: claim.stat.czxid,
      sessionId: this.sessionId,
    };
  }

  async #ownClaim() {
    const claim = await this.#own.get(this.#claim);
    const isOwn = claim?.stat.ephemeralOwner === this.sessionId && claim.data.equals(this.#tag);
    return isOwn ? claim : undefined;
  }

  get #own(): ZooKeeperSession {
    return sameSession(this.session, this.sessionId);
  }
}
