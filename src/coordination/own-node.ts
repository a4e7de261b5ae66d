import { randomUUID } from 'node:crypto';
import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { createBelow } from './create-below';
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
 * Rejects at once with the signal's reason; what may have been made by then is taken away as by
 * {@link OwnNode.remove}, after the rejection.
 */
export async function createOwnNode(
  session: ZooKeeperSession,
  directory: string,
  data: Uint8Array,
  signal?: AbortSignal,
): Promise<OwnNode> {
  for (;;) {
    const draft = new Draft(session, await connectedSessionId(session, signal), directory, data);
    try {
      return await persistently(session, signal, () => draft.attempt());
    } catch (error) {
      inBackground(draft.remove());
      // The next session makes another node.
      if (!hasCode(error, 'SESSION_LOST')) throw error;
    }
  }
}

/** For a removal that nobody waits for: if the server refuses it, the node goes with its session. */
export function inBackground(removal: Promise<void>): void {
  removal.catch(() => undefined);
}

/** A node that one session is making. */
class Draft {
  readonly #tag = randomUUID();
  #creates = 0;
  #path: string | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #removed: Promise<void> | undefined;

  constructor(
    private readonly session: ZooKeeperSession,
    private readonly sessionId: string,
    private readonly directory: string,
    private readonly data: Uint8Array,
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
    const [found] = this.#creates > 0 ? await this.#find() : [];
    const path = found ?? (await this.#create());
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
      remove: () => this.remove(),
    };
  }

  #create(): Promise<string> {
    const session = () => this.#own;
    this.#creates += 1;
    return createBelow(session, this.directory, prefixOf(this.#tag), this.data, 'EPHEMERAL_SEQUENTIAL');
  }

  /** Paths of the nodes with this UUID that belong to this session, in order. */
  async #find(): Promise<string[]> {
    // Another server may lag behind the one that made the node.
    await this.#own.sync(this.directory);
    const listed = await this.#own.children(this.directory);
    const paths = inSequence(listed?.names ?? [])
      .filter(({ tag }) => tag === this.#tag)
      .map(({ name }) => `${this.directory}/${name}`);
    const own = this.#own;
    const stats = await Promise.all(paths.map((path) => own.exists(path)));
    return paths.filter((_, index) => stats[index]?.ephemeralOwner === this.sessionId);
  }

  async #remove(): Promise<void> {
    await this.#running.catch(() => undefined);
    if (this.#creates === 0) return;
    try {
      await withinSession(this.session, this.sessionId, () => this.#removeOnce());
    } catch (error) {
      if (!hasCode(error, 'SESSION_LOST', 'CLOSED', 'AUTH_FAILED')) throw error;
    }
  }

  async #removeOnce(): Promise<void> {
    // Of several creates one that was given up for lost may have been carried out late.
    const only = this.#creates === 1 ? this.#path : undefined;
    const paths = only === undefined ? await this.#find() : [only];
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
