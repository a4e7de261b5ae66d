import type { KnownVersions } from '../inference/known-versions';
import type { Lives } from '../state/lives';

/** What this replica knows of the versions of `model` that have served here. */
export function knownVersions(model: string, lives: Lives): KnownVersions {
  return {
    others: (version) =>
      lives.others(model, version).map((good) => ({
        ...{ version: good.version, stamp: good.mzxid },
        ...{ expectedSha256: good.sha256, expectedBeside: good.files },
      })),
    quarantined: ({ version, stamp }, reason) => {
      lives.quarantine({ model, version, stamp }, reason);
    },
  };
}
