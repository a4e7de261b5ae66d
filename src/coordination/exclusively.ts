import type { ZooKeeperSession } from '../streams/session';
import { checkArguments } from './checked-arguments';
import type { HeldLock } from './held-lock';
import { JoinedSignal } from './joined-signal';
import { acquireLock, type AcquireOptions } from './lock';

/**
 * Runs `task` while the lock of `directory` is held, under the terms of `acquireLock`, and releases it at the end,
 * however that comes. The task's signal aborts as soon as the lock is in doubt, and with `options.signal`; what the
 * task then makes of it is what this resolves or rejects with.
 */
export async function exclusively<T>(
  session: ZooKeeperSession,
  directory: string,
  task: (lock: HeldLock, signal: AbortSignal) => Promise<T>,
  options: AcquireOptions = {},
): Promise<T> {
  checkArguments({ task, options });
  await using lock = await acquireLock(session, directory, options);
  using either = new JoinedSignal(lock.doubt, options.signal);
  return await task(lock, either.signal);
}
