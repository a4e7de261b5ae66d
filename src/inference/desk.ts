import type { AdmittedRequest } from './admitted-request';
import type { BatchToRun } from './request-batch';
import type { BatchAnswers } from './worker/protocol';

/** Runs batches one after the other, in the order in which they came, and answers them in that order. */
export interface Runner {
  /** False once it can run nothing any more. */
  readonly alive: boolean;
  run(batch: BatchToRun): Promise<BatchAnswers>;
}

export interface GivenBatch {
  readonly requests: readonly AdmittedRequest[];
  /** `performance.now()` when its worker was free for it; undefined before, and when nobody wanted it any more then. */
  begunAt: number | undefined;
}

/** A worker, and what it has been given: the batch that it runs, and perhaps the next. */
export interface Desk {
  readonly runner: Runner;
  readonly batches: GivenBatch[];
}
