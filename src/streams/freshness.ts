import type { ZooKeeperError } from '../errors';

/**
 * Whether what was told last of a watched path is the latest, as far as this side can know: it is fresh when it was
 * read by the present connection and no change has been notified since that could not be read. A change that is being
 * read counts as fresh; that takes a round trip.
 */
export type Freshness = { readonly fresh: true } | Stale;

/** The latest may be another one. */
export interface Stale {
  readonly fresh: false;
  /** `Date.now()` when it was fresh last, or when it was first looked at. */
  readonly staleSince: number;
  /** Why the server does not give it, `NO_AUTH` for example; absent: there is no connection, or no answer yet. */
  readonly trouble?: ZooKeeperError;
}
