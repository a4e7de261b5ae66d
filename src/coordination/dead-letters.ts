import { randomUUID } from 'node:crypto';
import { ZooKeeperError } from '../errors';
import type { TransactionOp, ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import { multiBelow } from './create-below';
import { hasCode, persistently } from './persistently';
import { queuePaths, type QueuePaths } from './queue-paths';
import { inSequence, prefixOf } from './sequence';

/** Longer reasons are cut: a dead letter is told from its data and its first words. */
const MAX_REASON = 500;

/** An item of a work queue that was given up, and is kept until somebody has looked at it. */
export interface DeadLetter {
  readonly id: string;
  readonly data: Buffer;
  readonly attempts: number;
  readonly reason: string;
}

/** Puts an item with the dead letters instead of the queue, if `attempts` is still the version of its znode. */
export function burialOps(paths: QueuePaths, { id, data, attempts, reason }: DeadLetter): TransactionOp[] {
  const why = JSON.stringify({ attempts, reason: reason.slice(0, MAX_REASON) });
  return [
    { op: 'remove', path: `${paths.items}/${id}`, version: attempts },
    { op: 'create', path: `${paths.dead}/${id}`, data },
    { op: 'create', path: whyPath(paths, id), data: Buffer.from(why) },
  ];
}

/** The dead letters of the queue `directory`, in the order in which they were put there as items. */
export async function readDeadLetters(session: ZooKeeperSession, directory: string): Promise<DeadLetter[]> {
  checkArguments({ session, directory });
  const paths = queuePaths(directory);
  const names = inSequence((await session.children(paths.dead))?.names ?? []).map(({ name }) => name);
  const letters = await Promise.all(names.map((id) => read(session, paths, id)));
  return letters.filter((letter) => letter !== undefined);
}

/**
 * Puts a dead letter into the queue again as a new item, whose attempts begin at 1. Exactly one of several that do so
 * succeeds; for the others there is `NO_NODE`. Rejects with the signal's reason; it may then have been done.
 */
export async function requeueDeadLetter(
  session: ZooKeeperSession,
  directory: string,
  { id, data }: Pick<DeadLetter, 'id' | 'data'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { signal } = options;
  checkArguments({ session, directory, id, data, options, signal });
  const paths = queuePaths(directory);
  const item = `${paths.items}/${prefixOf(randomUUID())}`;
  const put: TransactionOp = { op: 'create', path: item, data, mode: 'PERSISTENT_SEQUENTIAL' };
  await transact(session, [...discardOps(paths, id), put], signal);
}

/** Throws a dead letter away, under the terms of {@link requeueDeadLetter}. */
export async function discardDeadLetter(
  session: ZooKeeperSession,
  directory: string,
  { id }: Pick<DeadLetter, 'id'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { signal } = options;
  checkArguments({ session, directory, id, options, signal });
  await transact(session, discardOps(queuePaths(directory), id), signal);
}

/** Repeated after a reply that was lost, it finds nothing any more if it was carried out. */
async function transact(
  session: ZooKeeperSession,
  ops: readonly TransactionOp[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let unsure = false;
  await persistently(session, signal, async () => {
    try {
      await multiBelow(() => session, ops);
    } catch (error) {
      if (unsure && hasCode(error, 'NO_NODE') && error.outcome.path === ops[0]?.path) return;
      unsure ||= error instanceof ZooKeeperError && error.outcome.mayHaveHappened;
      throw error;
    }
  });
}

async function read(
  session: ZooKeeperSession,
  paths: QueuePaths,
  id: string,
): Promise<DeadLetter | undefined> {
  const [letter, why] = await Promise.all([
    session.get(`${paths.dead}/${id}`),
    session.get(whyPath(paths, id)),
  ]);
  // It was taken away meanwhile.
  if (letter === undefined || why === undefined) return undefined;
  return { id, data: letter.data, ...parseWhy(why.data) };
}

/** What stands there was written by {@link burialOps}, or by a stranger. */
function parseWhy(data: Buffer): Pick<DeadLetter, 'attempts' | 'reason'> {
  try {
    const why: unknown = JSON.parse(data.toString());
    if (typeof why === 'object' && why !== null && 'attempts' in why && 'reason' in why)
      return { attempts: Number(why.attempts), reason: String(why.reason) };
  } catch {
    // Told as it stands.
  }
  return { attempts: NaN, reason: data.toString() };
}

function discardOps(paths: QueuePaths, id: string): TransactionOp[] {
  return [
    { op: 'remove', path: whyPath(paths, id) },
    { op: 'remove', path: `${paths.dead}/${id}` },
  ];
}

function whyPath(paths: QueuePaths, id: string): string {
  return `${paths.dead}/${id}/why`;
}
