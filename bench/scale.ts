/** How much of everything a run measures. */
export interface Scale {
  readonly swapsUnderLoad: number;
  readonly windowMs: number;
  /** Before the first window, for the compiler of JavaScript to have done its work. */
  readonly warmUpMs: number;
  /** Rounds of alternating windows. */
  readonly rounds: number;
  /** One part, without swaps or with, of the measurement with swaps to a large model. */
  readonly swapWindowMs: number;
  readonly swapRounds: number;
  readonly baselineSwapRounds: number;
  readonly rollbacks: number;
  readonly memorySwaps: number;
  readonly singleRequests: number;
  readonly starts: number;
}

/** About twenty minutes. */
export const FULL: Scale = {
  swapsUnderLoad: 10_000,
  windowMs: 3000,
  warmUpMs: 3000,
  rounds: 5,
  swapWindowMs: 8000,
  swapRounds: 5,
  baselineSwapRounds: 2,
  rollbacks: 400,
  memorySwaps: 1000,
  singleRequests: 2000,
  starts: 9,
};

/** About a minute, for a look. */
export const QUICK: Scale = {
  swapsUnderLoad: 300,
  windowMs: 600,
  warmUpMs: 1200,
  rounds: 3,
  swapWindowMs: 2500,
  swapRounds: 1,
  baselineSwapRounds: 1,
  rollbacks: 60,
  memorySwaps: 40,
  singleRequests: 300,
  starts: 3,
};
