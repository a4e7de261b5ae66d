import { randomUUID } from 'node:crypto';
import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { createBelow } from './create-below';
import { inBackground } from './in-background';
import { hasCode, persistently, withinSession } from './persistently';
import { checkSequence, inSequence, prefixOf } from './sequence';
import { connectedSessionId, sameSession } from './session-id';

/** An ephemeral sequential znode that this session made. */
export interface OwnNode {
  readonly path: string;
  readonly name: string;
  /** The zxid that made it: later ones are larger, in the whole ensemble, until that is wiped or restored. */
  readonly czxid: string;
  readonly sessionId: string;
  /** The UUID in its name. */
  readonly tag: string;
  /**
   * Takes the node away, also while the connection is broken and comes back. Resolves once it is gone, or its session
   * is over, which takes it away as well; rejects when the server refuses.
   */
  remove(): Promise<void>;
}

/**
 * Makes an ephemeral sequential znode below `directory`, which is made if need be. A node whose making was not
 * answered is found again by the UUID in its name and by its owner (CURATOR-498), so that there is one and not two.
 *
 * A session that ends meanwhile leaves a node until the ensemble has ended it, too: the next session takes that away
 * before it makes its own, so that there is one and not two. So it does with the node of the tag `former`, which
 * the caller had; one of this session is taken for the node.
 *
 * Rejects at once with the signal's reason; what may have been made by then is taken away as by
 * {@link OwnNode.remove}, after the rejection.
 */
export async function createOwnNode(
  session: ZooKeeperSession,
  directory: string,
  data: Uint8Array,
  signal?: AbortSignal,
  former?: string,
): Promise<OwnNode> {
  const tag = former ?? randomUUID();
  for (let lives = former === undefined ? 0 : 1; ; lives += 1) {
    const sessionId = await connectedSessionId(session, signal);
    const draft = new Draft(session, sessionId, directory, data, tag, lives > 0);
    try {
      return await persistently(session, signal, () => draft.attempt());
    } catch (error) {
      inBackground(session, draft.remove());
      // The next session makes another node.
      if (!hasCode(error, 'SESSION_LOST')) throw error;
    }
  }
}

/** Paths of nodes with one tag, in order: of this session, and those that a former one has left. */
interface Found {
  readonly own: readonly string[];
  readonly former: readonly string[];
}

const NOTHING: Found = { own: [], former: [] };

/** A node that one session is making. */
class Draft {
  #creates = 0;
  #path: string | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #removed: Promise<void> | undefined;

  constructor(
    private readonly session: ZooKeeperSession,
    private readonly sessionId: string,
    private readonly directory: string,
    private readonly data: Uint8Array,
    private readonly tag: string,
    /** A former session may have made a node with this tag. */
    private readonly again: boolean,
  ) {}

  attempt(): Promise<OwnNode> {
    const running = this.#attempt();
    this.#running = running;
    return running;
  }

  remove(): Promise<void> {
    this.#removed ??= this.#remove();
    return this.#removed;
  }

  async #attempt(): Promise<OwnNode> {
    const { own, former } = this.again || this.#creates > 0 ? await this.#find() : NOTHING;
    await this.#takeAway(former);
    const path = own[0] ?? (await this.#create());
    this.#path = path;
    checkSequence(path);
    const stat = await this.#own.exists(path);
    if (stat === undefined) {
      throw new ZooKeeperError('NO_NODE', `${path} was removed as soon as it was made`, {
        path,
        mayHaveHappened: false,
        retryable: true,
      });
    }
    return {
      path,
      name: path.slice(this.directory.length + 1),
      czxid: stat.czxid,
      sessionId: this.sessionId,
      tag: this.tag,
      remove: () => this.remove(),
    };
  }

  #create(): Promise<string> {
    const session = () => this.#own;
    this.#creates += 1;
    return createBelow(session, this.directory, prefixOf(this.tag), this.data, 'EPHEMERAL_SEQUENTIAL');
  }

  /** The nodes with this UUID. */
  async #find(): Promise<Found> {
    // Another server may lag behind the one that made the node.
    await this.#own.sync(this.directory);
    const listed = await this.#own.children(this.directory);
    const paths = inSequence(listed?.names ?? [])
      .filter(({ tag }) => tag === this.tag)
      .map(({ name }) => `${this.directory}/${name}`);
    const session = this.#own;
    const stats = await Promise.all(paths.map((path) => session.exists(path)));
    const own = paths.filter((_, index) => stats[index]?.ephemeralOwner === this.sessionId);
    return { own, former: paths.filter((path) => !own.includes(path)) };
  }

  async #remove(): Promise<void> {
    await this.#running.catch(() => undefined);
    if (this.#creates === 0 && this.#path === undefined) return;
    try {
      await withinSession(this.session, this.sessionId, () => this.#removeOnce());
    } catch (error) {
      if (!hasCode(error, 'SESSION_LOST', 'CLOSED', 'AUTH_FAILED')) throw error;
    }
  }

  async #removeOnce(): Promise<void> {
    // Of several creates one that was given up for lost may have been carried out late.
    const only = this.#creates === 1 ? this.#path : undefined;
    await this.#takeAway(only === undefined ? (await this.#find()).own : [only]);
  }

  async #takeAway(paths: readonly string[]): Promise<void> {
    const own = this.#own;
    await Promise.all(
      paths.map(async (path) => {
        try {
          await own.remove(path);
        } catch (error) {
          if (!hasCode(error, 'NO_NODE')) throw error;
        }
      }),
    );
  }

  get #own(): ZooKeeperSession {
    return sameSession(this.session, this.sessionId);
  }
}
