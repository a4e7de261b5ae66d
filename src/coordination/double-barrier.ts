import { filter, merge } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import type { Stat } from '../streams/stat';
import { checkArguments } from './checked-arguments';
import { EnteredBarrier, type Opening } from './entered-barrier';
import { inBackground } from './in-background';
import { createOwnNode, type OwnNode } from './own-node';
import { hasCode, persistently } from './persistently';
import { formatRound, parseRound, type Round } from './round';
import { inSequence } from './sequence';
import { sameSession, sessionOver } from './session-id';
import { firstOf } from './waiting';
import { watchedData } from './watched';

export interface EnterOptions {
  /** Gives up waiting; `AbortSignal.timeout(ms)` is a deadline. */
  readonly signal?: AbortSignal;
  /** Written to the participant's znode, for whoever looks. */
  readonly data?: Uint8Array;
}

/**
 * Waits at the znode `directory` until `size` participants are there, and lets exactly those pass together, as one round;
 * who comes too late waits for the next round. All participants have to name the same size.
 *
 * Guarantees:
 * - At one moment all of a round were there: the write that opens it checks each of them. What they
 *   learn of it is the same: the time, and a rank from 0 to size - 1 for each ({@link EnteredBarrier}).
 * - The znode serves one round after the other; the next begins when everybody of the last has left or died.
 * - Nobody is counted twice. Who loses its session while it waits queues again in the next session, and takes the znode
 *   of the former one away before.
 * - Who has died is counted until the ensemble has ended its session, and not from then on.
 * - A wait that was given up leaves nothing behind, as with `acquireLock`.
 *
 * What cannot be promised: that all of a round are alive when the last one hears that it is open. Whose process or
 * connection has died is there for the others until its session ends, a session timeout later, and may be counted so
 * long. One that was counted and loses its session before it hears so takes part in the next round instead, and the others
 * of its round find that it has left. Giving up at the very moment of opening counts as having entered and left again.
 *
 * Rejects with the signal's reason, with `CLOSED` or `AUTH_FAILED` for the session's end, or with what the server
 * refuses; with `BAD_ARGUMENTS` for arguments that cannot be right, such as a size that is no whole number from 1.
 */
export async function enterBarrier(
  session: ZooKeeperSession,
  directory: string,
  size: number,
  options: EnterOptions = {},
): Promise<EnteredBarrier> {
  const { signal, data = new Uint8Array() } = options;
  checkArguments({ session, directory, size, options, signal, data });
  let former: string | undefined;
  for (;;) {
    const own = await createOwnNode(session, directory, data, signal, former);
    try {
      const opened = await awaitRound(session, directory, size, own, signal);
      if (opened !== undefined) return new EnteredBarrier(session, directory, own, opened);
    } catch (error) {
      if (!hasCode(error, 'SESSION_LOST')) {
        inBackground(session, own.remove());
        throw error;
      }
    }
    former = own.tag;
  }
}

/** A barrier at one moment: `present` are those who wait and those of the round who have not left, in order, each once. */
interface Seen {
  readonly round: Round;
  readonly stat: Stat;
  readonly present: readonly string[];
}

/** Undefined: `own` is gone by somebody's hand. Rejects with `SESSION_LOST` when its session is over. */
async function awaitRound(
  session: ZooKeeperSession,
  directory: string,
  size: number,
  own: OwnNode,
  signal: AbortSignal | undefined,
): Promise<Opening | undefined> {
  const over$ = sessionOver(session, own.sessionId);
  /** In another session `own` may still be there, and stands for nobody. */
  const inSession = <T>(attempt: (session: ZooKeeperSession) => Promise<T>): Promise<T> =>
    persistently(session, signal, () => attempt(sameSession(session, own.sessionId)));
  for (;;) {
    const seen = await inSession((same) => look(same, directory));
    if (seen?.present.includes(own.name) !== true) return undefined;
    const { round, stat, present } = seen;
    if (round.includes(own.name)) return { round, mzxid: stat.mzxid, mtime: stat.mtime };
    const former = present.find((name) => round.includes(name));
    if (former !== undefined) {
      const left$ = watchedData(session, `${directory}/${former}`).pipe(
        filter(({ node }) => node === undefined),
      );
      await firstOf(merge(left$, over$), signal);
    } else if (present.length >= size) {
      await inSession((same) => open(same, directory, present.slice(0, size), stat.version));
    } else {
      // Whoever comes looks for itself: it is enough to hear that a round was opened.
      const opened$ = watchedData(session, directory).pipe(
        filter(({ node }) => node?.stat.mzxid !== stat.mzxid),
      );
      await firstOf(merge(opened$, over$), signal);
    }
  }
}

async function look(session: ZooKeeperSession, directory: string): Promise<Seen | undefined> {
  const [node, children] = await Promise.all([session.get(directory), session.children(directory)]);
  if (node === undefined || children === undefined) return undefined;
  const tags = new Set<string>();
  // A create that was given up for lost may be carried out late, beside the one that took its place.
  const once = inSequence(children.names).filter(({ tag }) => !tags.has(tag) && tags.add(tag));
  const present = once.map(({ name }) => name);
  return { round: parseRound(node.data), stat: node.stat, present };
}

/** Whether this succeeded, or another one did, or one of `round` has died meanwhile, shows the next look. */
async function open(
  session: ZooKeeperSession,
  directory: string,
  round: Round,
  version: number,
): Promise<void> {
  const alive = round.map((name) => ({ op: 'check', path: `${directory}/${name}`, version: -1 }) as const);
  try {
    await session.multi([...alive, { op: 'set', path: directory, data: formatRound(round), version }]);
  } catch (error) {
    if (!hasCode(error, 'VERSION_CONFLICT', 'NO_NODE')) throw error;
  }
}
