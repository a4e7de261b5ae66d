import type { RequestBody } from './request-body';

/**
 * One inference request as it came from a transport: the bytes of a body that only the worker parses, and what
 * the transport itself knows of it.
 */
export interface InferenceRequest {
  /** The whole body, already decompressed. The receiver copies what it keeps. */
  readonly body: RequestBody;
  /** Bytes of JSON at the body's head, binary tensors after it; -1 when all of it is JSON. */
  readonly jsonLength: number;
  /** The version that the caller pinned; absent: the promoted one. */
  readonly version?: string;
  /**
   * Aborted when the client has gone: a request that has not begun then need not run. It may be shared by all
   * requests of one connection, so a listener must be taken off when its request is over.
   */
  readonly signal?: AbortSignal;
  /** `performance.now()` when the whole request had arrived; deadlines count from here. */
  readonly arrivedAt: number;
}

/** What answered, and the bytes of the answer as they go on the wire. */
export interface InferenceAnswer {
  readonly body: Uint8Array;
  /** Bytes of JSON at the body's head, binary tensors after it; -1 when all of it is JSON. */
  readonly jsonLength: number;
  readonly version: string;
  /** The promotion that chose `version` (a zxid); undefined when the caller pinned it. */
  readonly versionStamp: string | undefined;
  /** The config that the request was handled by (a zxid); undefined for the defaults. */
  readonly configStamp: string | undefined;
}
