import { DEFAULT_CONFIG, type HandlerConfig, type SessionConfig } from '../handler-config';

/**
 * One handler config as a slot took it: frozen, and read by a request from beginning to end. Two requests were
 * under the same config when they hold the same object.
 */
export interface ConfigInForce {
  /** Counts the configs of one slot; names this one's `params` to the workers. 0: the defaults. */
  readonly epoch: number;
  readonly config: HandlerConfig;
  /** The caller's own mark (a zxid); undefined for the defaults. */
  readonly stamp: string | undefined;
}

export const DEFAULTS_IN_FORCE: ConfigInForce = Object.freeze({
  epoch: 0,
  config: DEFAULT_CONFIG,
  stamp: undefined,
});

/** Whether a session made for `a` is as good for `b`. */
export function sameSession(a: SessionConfig, b: SessionConfig): boolean {
  return (
    a.intraOpThreads === b.intraOpThreads &&
    a.graphOptimization === b.graphOptimization &&
    a.executionProviders.length === b.executionProviders.length &&
    a.executionProviders.every((provider, index) => provider === b.executionProviders[index])
  );
}
