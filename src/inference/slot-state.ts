import type { ConfigError, ModelError } from '../errors';
import type { WorkerCount } from '../live-version-metrics';
import type { ConfigInForce } from './config-in-force';
import type { FilesBeside } from './files-beside';

export interface SlotState {
  /** The version that answers; undefined while none does. */
  readonly serving: Serving | undefined;
  /** Versions in memory that a URL may name: the one that serves, then the most recently replaced first. */
  readonly resident: readonly string[];
  /** Of the version that serves. */
  readonly workers: WorkerCount | undefined;
  /** Why the version that should answer does not; while it is `retryable`, the slot itself is starting it again. */
  readonly fault: ModelError | undefined;
  readonly config: ConfigInForce;
  /** The config that the first version could not be served with, in place of which the defaults are in force. */
  readonly configRefused: RefusedConfig | undefined;
}

export interface RefusedConfig {
  readonly stamp: string | undefined;
  readonly error: ConfigError;
}

export interface Serving {
  readonly version: string;
  readonly stamp: string;
  readonly sha256: string;
  /** The files beside its `model.onnx` that were read. */
  readonly beside: FilesBeside;
}
