import { errorMessage } from '../errors';
import { report } from '../streams/harmless';
import { checkArguments } from './checked-arguments';
import type { ClaimedItem } from './claimed-item';
import { JoinedSignal } from './joined-signal';
import { ignoreLost, isNotHeld } from './not-held';
import type { WorkQueue } from './work-queue';

export interface ConsumeOptions {
  /** Ends the consuming: no more items are claimed, and the one in work is told by its own signal. */
  readonly signal?: AbortSignal;
  /** How long a failed item is kept from its next attempt; doubled with each attempt. 1000 by default. */
  readonly retryAfterMs?: number;
}

const LONGEST_RETRY_MS = 60_000;

/**
 * Claims one item after another and has `work` do them: an item is acknowledged when `work` resolves, and given back for
 * another attempt, or put with the dead letters after its last one, when it rejects. `work` may settle the item itself;
 * what it throws after that goes to the session's log, as the failures do, and becomes a warning of the process where
 * there is none. The signal that it gets aborts when the claim is in doubt, and with `options.signal`. Several calls, in
 * this process or others, share the items.
 *
 * Guarantees those of {@link WorkQueue}; at least once, so `work` may see an item again that was done already: when the
 * claim was lost before it could be acknowledged.
 *
 * Resolves when `options.signal` has aborted and the item in work is settled. Rejects with `CLOSED` or `AUTH_FAILED`
 * for the session's end, or with what the server refuses; with `BAD_ARGUMENTS` for arguments that cannot be right.
 */
export async function consume(
  queue: WorkQueue,
  work: (item: ClaimedItem, signal: AbortSignal) => Promise<void>,
  options: ConsumeOptions = {},
): Promise<void> {
  const { signal, retryAfterMs = 1000 } = options;
  checkArguments({ queue, work, options, signal, retryAfterMs });
  const failed = new AbortController();
  using stopping = new JoinedSignal(failed.signal, signal);
  const stop = stopping.signal;
  /** Failed items that are kept from their next attempt, while others are worked on. */
  const keptBack = new Set<Promise<void>>();
  try {
    while (!stop.aborted) {
      const item = await queue.claim({ signal: stop });
      const reason = await attempt(queue, item, work, stop);
      if (reason === undefined) continue;
      const afterMs = Math.min(LONGEST_RETRY_MS, retryAfterMs * 2 ** (item.attempt - 1));
      const back = item
        .retry(reason, { afterMs, signal: stop })
        .catch((error: unknown) => {
          failed.abort(error);
        })
        .finally(() => keptBack.delete(back));
      keptBack.add(back);
    }
  } catch (error) {
    if (error !== stop.reason) failed.abort(error);
  }
  await Promise.all(keptBack);
  failed.signal.throwIfAborted();
}

/** Undefined: the item needs nothing more; otherwise why it is to be tried again. */
async function attempt(
  queue: WorkQueue,
  item: ClaimedItem,
  work: (item: ClaimedItem, signal: AbortSignal) => Promise<void>,
  stop: AbortSignal,
): Promise<string | undefined> {
  try {
    using either = new JoinedSignal(item.doubt, stop);
    await work(item, either.signal);
  } catch (error) {
    const what = `item ${item.id}, attempt ${item.attempt}`;
    if (item.settled) {
      // Not what it learnt by settling: that the claim was lost, and another worker has the item.
      if (!isNotHeld(error)) report(error, `the work threw after it had settled ${what}`, queue.log);
      return undefined;
    }
    queue.log?.warn({ err: error }, `the work failed: ${what}`);
    return errorMessage(error);
  }
  if (!item.settled) await item.acknowledge().catch(ignoreLost);
  return undefined;
}
