import type { SessionConfig } from '../handler-config';

/** A version that is about to be loaded. */
export interface NativeLoad {
  readonly model: string;
  readonly version: string;
  /** The caller's mark of the promotion that asks for it. */
  readonly stamp: string;
  /** Absolute paths of the files that are read. */
  readonly files: readonly string[];
  readonly session: SessionConfig;
}

/**
 * Runs `load`, or rejects: a load is native code, and may take the process down. Whoever starts a slot may look
 * after that, with this. `signal`: the load is not wanted any more, which matters until it has begun.
 */
export type GuardLoad = <T>(what: NativeLoad, load: () => Promise<T>, signal: AbortSignal) => Promise<T>;
