/** How long and how much a client may take. Times are in milliseconds. */
export interface Limits {
  /** From a connection's opening, or a request's first byte, to the end of its headers; past it 408. */
  readonly headersTimeoutMs: number;
  /** From a request's first byte to the last byte of its body; past it 408. */
  readonly requestTimeoutMs: number;
  /**
   * How long a connection may idle between requests. It must be longer than the idle time of any load balancer
   * in front, or the balancer sends a request into a connection that is just being closed: 60 s for AWS's ALB
   * and nginx, 240 s for Azure's, 600 s for Google's.
   */
  readonly keepAliveTimeoutMs: number;
  /** How long an answer may lie without the client reading any of it, until the connection is cut. */
  readonly stalledAnswerMs: number;
  /** How long the rest of a body is still read and dropped once it was refused, so that the client sees why. */
  readonly lingerMs: number;
  /** How long a draining server leaves idle connections open: a request on its way is answered, not reset. */
  readonly idleGraceMs: number;
  /** How often the first two are looked at. */
  readonly checkIntervalMs: number;
  /** Request line and headers together, in bytes; past it 431. */
  readonly maxHeaderBytes: number;
  /**
   * Bytes of all bodies together that are being received or decompressed, beyond the first 64 KiB of each; past it
   * 503. Four bodies as large as one may be, decompressed as well, fit in any case.
   */
  readonly intakeBytes: number;
}

/**
 * There is no limit to the number of connections: an idle one costs a few KiB and a descriptor, and the
 * operating system's limit of descriptors (`ulimit -n`) refuses the rest.
 */
export const DEFAULT_LIMITS: Limits = {
  headersTimeoutMs: 30_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 620_000,
  stalledAnswerMs: 30_000,
  lingerMs: 5_000,
  idleGraceMs: 100,
  checkIntervalMs: 1_000,
  maxHeaderBytes: 16_384,
  intakeBytes: 512 * 1024 * 1024,
};
