import type { Logger } from 'pino';
import type { LeftBehind } from './left-behind';
import type { SpareWorkers } from './spare-workers';
import type { WorkerData, WorkerPhase } from './worker/protocol';

/** Milliseconds from the start of a thread to its `ready`. */
export const LOAD_TIMEOUT_MS = 120_000;
/** Milliseconds for whatever is in progress to come to its end. */
export const CALL_TIMEOUT_MS = 30_000;

export interface ModelThreadOptions {
  readonly data: WorkerData;
  readonly log: Logger;
  /** Default {@link LOAD_TIMEOUT_MS}. */
  readonly loadTimeoutMs?: number | undefined;
  /** Milliseconds for a batch in progress to finish when the thread is asked something or asked to end; 30 s. */
  readonly callTimeoutMs?: number | undefined;
  /** Milliseconds without a sign of life from a worker at work, after which it is given up; never by default. */
  readonly hangAfterMs?: (() => number) | undefined;
  /** Told of a thread that is given up. */
  readonly leftBehind?: LeftBehind | undefined;
  /** Where its thread comes from; a fresh one by default. */
  readonly spares?: SpareWorkers | undefined;
  readonly onPhase?: ((phase: WorkerPhase) => void) | undefined;
}
