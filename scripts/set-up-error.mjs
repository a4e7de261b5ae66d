/** The set-up cannot go on, and the message says why and what to do: printed as it is, without a stack. */
export class SetUpError extends Error {
  name = 'SetUpError';
}

/** The set-up was ended by a signal. */
export class Interrupted extends Error {
  name = 'Interrupted';
  /** @param {'SIGINT' | 'SIGTERM' | 'SIGHUP'} by */
  constructor(by) {
    super(`ended by ${by}`);
    this.by = by;
    this.exitCode = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[by];
  }
}
