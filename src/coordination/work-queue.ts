import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { combineLatest, filter, map } from 'rxjs';
import { badArgument } from '../streams/bad-argument';
import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { ClaimedItem } from './claimed-item';
import { Claiming } from './claiming';
import { createBelow } from './create-below';
import { inBackground } from './in-background';
import { hasCode, persistently } from './persistently';
import { queuePaths, type QueuePaths } from './queue-paths';
import { inSequence, prefixOf } from './sequence';
import { connectedSessionId } from './session-id';
import { firstOf } from './waiting';
import { watchedChildren } from './watched';

/** A transaction that puts an item with the dead letters carries its data, and a server takes some 1 MiB of them. */
export const MAX_ITEM_BYTES = 512 * 1024;

/** Items that are tried before the list of all is read again. */
const CANDIDATES = 8;

export interface WorkQueueOptions {
  /** How often an item is given to a worker before it is put with the dead letters; 5 by default. */
  readonly maxAttempts?: number;
}

export interface WaitOptions {
  /** Gives up waiting; `AbortSignal.timeout(ms)` is a deadline. */
  readonly signal?: AbortSignal;
}

/** How many items there are; each is read by itself, so that together they may never have been true. */
export interface QueueDepth {
  /** Neither claimed nor given up. */
  readonly waiting: number;
  readonly claimed: number;
  readonly dead: number;
}

/**
 * A queue of work below the znode `directory`, for several workers: an item is claimed by one of them, and done when
 * that one acknowledges it. All workers name the same `maxAttempts`.
 *
 * Guarantees:
 * - At least once: an item stays until it is acknowledged or among the dead letters. A worker that dies or is cut off
 *   loses its claim at the session timeout, and the item goes to another one.
 * - A claim that was lost settles nothing: each transaction checks the claim, and the version of the item's znode,
 *   which counts the attempts.
 * - An item that has been claimed `maxAttempts` times without success, be it that its workers gave it back or died of
 *   it, goes to the dead letters, with its data and the reason, and holds up nobody.
 * - A wait that was given up leaves nothing behind; an item that was claimed at that very moment goes back.
 *
 * What cannot be promised: exactly once, except for effects in ZooKeeper itself (`acknowledge(ops)`), and for receivers
 * that refuse a lower {@link ClaimedItem.token}. A strict order: one worker gets the items in the order in which they
 * were put, several at a time nearly so, and one that was given back comes later. Attempts are counted when they begin,
 * so one that was cut off by a broken connection or a shutdown counts. Thousands of items, not millions: every waiting
 * worker reads all their names at each change.
 */
export class WorkQueue {
  readonly maxAttempts: number;
  readonly #session: ZooKeeperSession;
  readonly #paths: QueuePaths;
  /** Items that were free when they were last listed, and have not been tried since. */
  #candidates: string[] = [];

  constructor(session: ZooKeeperSession, directory: string, options: WorkQueueOptions = {}) {
    const { maxAttempts = 5 } = options;
    checkArguments({ session, directory, options, maxAttempts });
    this.maxAttempts = maxAttempts;
    this.#session = session;
    this.#paths = queuePaths(directory);
  }

  /** Of its session. */
  get log(): Logger | undefined {
    return this.#session.log;
  }

  /**
   * Adds an item of at most {@link MAX_ITEM_BYTES} and returns its id. A reply that was lost makes no second item,
   * unless the first one was done before this client was back. Rejects with the signal's reason; the item may then be
   * there. Rejects with `BAD_ARGUMENTS` for what is no Uint8Array, or too long.
   */
  async put(data: Uint8Array, options: WaitOptions = {}): Promise<string> {
    const { signal } = options;
    checkArguments({ data, options, signal });
    if (data.length > MAX_ITEM_BYTES)
      throw badArgument('the length of data', data.length, `${MAX_ITEM_BYTES} at the most`);
    const { items } = this.#paths;
    const session = this.#session;
    const tag = randomUUID();
    let asked = false;
    return await persistently(session, signal, async () => {
      if (asked) {
        await session.sync(items);
        const names = (await session.children(items))?.names ?? [];
        const found = inSequence(names).find((item) => item.tag === tag);
        if (found !== undefined) return found.name;
      }
      asked = true;
      const path = await createBelow(() => session, items, prefixOf(tag), data, 'PERSISTENT_SEQUENTIAL');
      return path.slice(items.length + 1);
    });
  }

  /**
   * Waits for an item that nobody has claimed, and claims it. Rejects with the signal's reason, with `CLOSED` or
   * `AUTH_FAILED` for the session's end, or with what the server refuses.
   */
  async claim(options: WaitOptions = {}): Promise<ClaimedItem> {
    const { signal } = options;
    checkArguments({ options, signal });
    for (;;) {
      const name = this.#candidates.shift();
      if (name === undefined) this.#candidates = candidates(await this.#free(signal));
      else {
        const item = await this.#take(name, signal);
        if (item !== undefined) return item;
      }
    }
  }

  async depth(): Promise<QueueDepth> {
    const paths = [this.#paths.items, this.#paths.claims, this.#paths.dead];
    const stats = await Promise.all(paths.map((path) => this.#session.exists(path)));
    const [items = 0, claimed = 0, dead = 0] = stats.map((stat) => stat?.numChildren ?? 0);
    return { waiting: Math.max(0, items - claimed), claimed, dead };
  }

  /** What is free, as soon as anything is. */
  async #free(signal: AbortSignal | undefined): Promise<Free> {
    const session = this.#session;
    const { items, claims } = this.#paths;
    // Mostly something is, and reading is cheaper than watching.
    const read = () => Promise.all([session.children(items), session.children(claims)]);
    const free = freeOf(...(await persistently(session, signal, read)));
    if (free.names.length > 0) return free;
    const free$ = combineLatest([watchedChildren(session, items), watchedChildren(session, claims)]).pipe(
      map(([all, claimed]) => freeOf(all.node, claimed.node)),
      filter(({ names }) => names.length > 0),
    );
    return await firstOf(free$, signal);
  }

  /** Undefined: there is nothing to claim, or the session was lost meanwhile. */
  async #take(name: string, signal: AbortSignal | undefined): Promise<ClaimedItem | undefined> {
    const session = this.#session;
    const sessionId = await connectedSessionId(session, signal);
    const claiming = new Claiming(session, sessionId, this.#paths, name, this.maxAttempts);
    try {
      const claim = await persistently(session, signal, () => claiming.attempt());
      if (claim !== undefined) return new ClaimedItem(session, this.#paths, claim, this.maxAttempts);
      // Somebody else was first, or removed the item as soon as it was claimed.
      inBackground(session, claiming.giveBack());
      return undefined;
    } catch (error) {
      inBackground(session, claiming.giveBack());
      if (hasCode(error, 'SESSION_LOST')) return undefined;
      throw error;
    }
  }
}

/** The items that nobody has claimed, in order, and how many somebody has. */
interface Free {
  readonly names: readonly string[];
  readonly claimed: number;
}

type Listed = { readonly names: readonly string[] } | undefined;

function freeOf(items: Listed, claims: Listed): Free {
  const claimed = new Set(claims?.names);
  const names = inSequence(items?.names ?? []).map(({ name }) => name);
  return { names: names.filter((name) => !claimed.has(name)), claimed: claimed.size };
}

/**
 * The first few; the more workers there seem to be, the further apart they begin, so that they do not try the same ones.
 */
function candidates({ names, claimed }: Free): string[] {
  const from = Math.floor(Math.random() * (claimed + 1)) * CANDIDATES;
  return names.slice(from < names.length ? from : 0).slice(0, CANDIDATES);
}
