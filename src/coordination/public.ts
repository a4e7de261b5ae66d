/** What `zooserve/coordination` offers: docs/coordination.md. */

export { acquireLock, type AcquireOptions } from './lock';
export type { HeldLock } from './held-lock';
export type { HoldState } from './holding';
export { exclusively } from './exclusively';

export { startCandidacy, type Candidacy, type CandidacyOptions, type Leadership } from './leader-election';
export { watchLeader, type Leader } from './watch-leader';

export { enterBarrier, type EnterOptions } from './double-barrier';
export type { EnteredBarrier } from './entered-barrier';

export { joinGroup, type JoinOptions, type Membership } from './membership';
export { watchMembers, type Member } from './watch-members';

export {
  MAX_ITEM_BYTES,
  WorkQueue,
  type QueueDepth,
  type WaitOptions,
  type WorkQueueOptions,
} from './work-queue';
export type { ClaimedItem, RetryOptions } from './claimed-item';
export { consume, type ConsumeOptions } from './consume';
export { discardDeadLetter, readDeadLetters, requeueDeadLetter, type DeadLetter } from './dead-letters';

export { Counter, type CountOptions } from './counter';

export {
  startClock,
  type ClockOptions,
  type EnsembleClock,
  type EnsembleTime,
  type UntilOptions,
} from './clock';

export { CoordinationError, type CoordinationErrorCode } from '../errors';
