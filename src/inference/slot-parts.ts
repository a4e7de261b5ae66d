import type { Logger } from 'pino';
import type { Metrics } from '../metrics';
import type { KnownVersions } from './known-versions';
import type { OneAtATime } from './one-at-a-time';
import type { Quarantine } from './quarantine';
import type { Residency } from './residency';
import type { VersionBuilder } from './version-builder';

/** What the changes of one slot work on, together. */
export interface SlotParts {
  readonly model: string;
  readonly residency: Residency;
  readonly builder: VersionBuilder;
  readonly quarantine: Quarantine;
  readonly known: KnownVersions;
  /** Milliseconds before a quarantined version with nothing in its place is started again; default 60 s. */
  readonly slowRetryMs?: number | undefined;
  /** Every build of this model runs in here: one load at a time. */
  readonly builds: OneAtATime;
  /** Aborted, with a RequestError, when the slot is being closed. */
  readonly closing: AbortSignal;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/**
 * The outcome of `work`, or the reason of the first signal that is aborted meanwhile. The work itself is not
 * stopped: it finds out when its load is done.
 */
export function untilAborted<T>(
  work: Promise<T>,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<T> {
  return new Promise((resolve, reject) => {
    const listeners = signals.map((signal) => {
      const listener = () => {
        // The reason is whatever its owner gave, an Error by default.
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', listener, { once: true });
      return listener;
    });
    work.then(resolve, reject).finally(() => {
      signals.forEach((signal, index) => {
        const listener = listeners[index];
        if (listener !== undefined) signal?.removeEventListener('abort', listener);
      });
    });
  });
}
