import type { FilesBeside } from './files-beside';
import type { Promotion } from './quarantine';

/** A version that has answered before, perhaps in another life of this replica. */
export interface KnownVersion extends Promotion {
  /** What its files have to be. */
  readonly expectedSha256: string;
  readonly expectedBeside?: FilesBeside | undefined;
}

/** What is known of a model's versions beyond those in memory. */
export interface KnownVersions {
  /** Versions that may answer in place of that one, the likeliest to do so well first. */
  others(version: string): readonly KnownVersion[];
  /** That one is not to be loaded until it is promoted again, whatever happens to this process; `reason`: what it has done. */
  quarantined(promotion: Promotion, reason: string): void;
}

export const NOTHING_KNOWN: KnownVersions = { others: () => [], quarantined: () => undefined };
