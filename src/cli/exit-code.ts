/** What a command's exit status means. */
export const EXIT = {
  OK: 0,
  FAILURE: 1,
  /** `--wait`: a replica failed and will not retry. */
  REPLICA_FAILED: 2,
  /** `--wait`: not every live replica was there in time. */
  TIMED_OUT: 3,
  /** `--wait`: written, but no replica is live. */
  NO_REPLICA: 4,
  USAGE: 64,
} as const;
