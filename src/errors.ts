/**
 * The closed lists of everything that can go wrong. An error says what was wrong, what would be right, and
 * whether trying again may help; transports and status records choose their words from `code`, in one place
 * each.
 */

/** Why a version is not served, as written to `/status/<model>/<replica>`. */
export const MODEL_ERROR_CODES = [
  'BAD_VERSION',
  'NOT_FOUND',
  'FETCH_FAILED',
  'DIGEST_MISMATCH',
  'BAD_MODEL',
  'SIGNATURE_MISMATCH',
  'WARMUP_FAILED',
  'PROBE_MISMATCH',
  'MEMORY_REFUSED',
  'TIMEOUT',
  'QUARANTINED',
  'CRASHED_WHILE_LOADING',
  'DESIRED_MISSING',
] as const;
export type ModelErrorCode = (typeof MODEL_ERROR_CODES)[number];

/** Why a request got no prediction; `src/server/http-errors.ts` turns each into a status. */
export type RequestErrorCode =
  | 'BAD_INPUT'
  | 'UNKNOWN_MODEL'
  | 'UNKNOWN_VERSION'
  | 'UNKNOWN_ROUTE'
  | 'METHOD_NOT_ALLOWED'
  | 'BODY_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'QUEUE_FULL'
  | 'INTAKE_FULL'
  | 'NOT_READY'
  | 'STALLED'
  | 'DEADLINE_EXCEEDED'
  | 'CLIENT_GONE'
  | 'INTERNAL';

/** What became of a ZooKeeper operation that did not succeed. */
export type ZooKeeperErrorCode =
  | 'NO_NODE'
  | 'NODE_EXISTS'
  | 'NOT_EMPTY'
  | 'VERSION_CONFLICT'
  | 'NO_CHILDREN_FOR_EPHEMERALS'
  | 'NO_AUTH'
  | 'INVALID_ACL'
  | 'BAD_ARGUMENTS'
  | 'CONNECTION_LOSS'
  | 'SESSION_LOST'
  | 'AUTH_FAILED'
  | 'TIMEOUT'
  | 'CLOSED'
  | 'OTHER';

export class ModelError extends Error {
  override readonly name = 'ModelError';
  constructor(
    readonly code: ModelErrorCode,
    message: string,
    readonly retryable = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** MEMORY_REFUSED: a version does not fit beside the others. */
export class MemoryRefusedError extends ModelError {
  constructor(
    message: string,
    retryable: boolean,
    /** Resolves when memory has been given back since: trying again may help. */
    readonly givenBack: Promise<void>,
  ) {
    super('MEMORY_REFUSED', message, retryable);
  }
}

/** TIMEOUT: a version was not ready in time. */
export class LoadTimeoutError extends ModelError {
  constructor(
    message: string,
    /** Resolves when the load ends after all. */
    readonly ended: Promise<unknown>,
  ) {
    super('TIMEOUT', message);
  }
}

/**
 * Only INTERNAL has a stack: the others are answers, which nobody looks for in the code, and under overload taking
 * their stacks is a large part of what refusals cost.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  constructor(
    readonly code: RequestErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    const { stackTraceLimit } = Error;
    if (code !== 'INTERNAL') Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

export class ZooKeeperError extends Error {
  override readonly name = 'ZooKeeperError';
  constructor(
    readonly code: ZooKeeperErrorCode,
    message: string,
    /** `mayHaveHappened`: the server may have carried it out; `retryable`: the same call may succeed later. */
    readonly outcome: {
      readonly path?: string;
      readonly mayHaveHappened: boolean;
      readonly retryable: boolean;
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Why a recipe of `src/coordination` did not do what was asked.
 * - `NOT_HELD`: what has to be held for it, a lock or a claim, is not held, or no longer.
 * - `BAD_DATA`: the znode holds something that the recipe did not write.
 * - `EXHAUSTED`: ZooKeeper's counter of the children made below a znode is at its end; the znode has to be replaced.
 */
export type CoordinationErrorCode = 'NOT_HELD' | 'BAD_DATA' | 'EXHAUSTED';

export class CoordinationError extends Error {
  override readonly name = 'CoordinationError';
  constructor(
    readonly code: CoordinationErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The handler config was refused, whole. `path` is the JSON path of what was wrong, `$` for the document. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The message begins with the path, wherever it is shown. */
  constructor(
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.startsWith(path) ? message : `${path}: ${message}`, options);
  }
}

/** Wrong usage of the command line: exit 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The text of whatever was thrown. */
export function errorMessage(thrown: unknown): string {
  if (
    typeof thrown === 'object' &&
    thrown !== null &&
    'message' in thrown &&
    typeof thrown.message === 'string'
  ) {
    return thrown.message;
  }
  return String(thrown);
}
