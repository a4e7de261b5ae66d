import type { PromotedVersion } from '../registry/promoted-version';
import { errorMessage } from '../errors';
import type { GoodVersion } from '../state/last-good';
import type { ExpectedFiles, ServedModel } from './served-model';

/** What the former process served last, as if its znode had been read; undefined when there was nothing. */
export function formerly({
  lastGood,
}: ServedModel): Extract<PromotedVersion, { kind: 'version' }> | undefined {
  if (lastGood === undefined) return undefined;
  return { kind: 'version', version: lastGood.version, mzxid: lastGood.mzxid, mtime: 0 };
}

/** What its files have to be. */
export function filesOf({ sha256, files }: GoodVersion): ExpectedFiles {
  return { expectedSha256: sha256, expectedBeside: files };
}

/**
 * Serves what the former process served last, when nothing else does: what is wanted now is missing or cannot be
 * served, and a restart must be no worse than going on would have been.
 */
export async function fallBack(context: ServedModel, signal: AbortSignal): Promise<void> {
  const { model, slot, lastGood, observed, log } = context;
  if (lastGood === undefined || slot.serving !== undefined) return;
  for (const good of candidates(context)) {
    const { version, mzxid } = good;
    try {
      await slot.serve({ version, stamp: mzxid, ...filesOf(good), signal });
      observed.servesFormer();
      const what = good.mzxid === lastGood.mzxid ? 'the last good one' : 'one that was good';
      log.warn({ model, version, mzxid }, `${model} serves version ${version}, ${what} before the restart`);
      break;
    } catch (error) {
      if (signal.aborted) return;
      log.error(
        { model, version, error: errorMessage(error) },
        'a version that was good before the restart cannot be served either',
      );
    }
  }
  observed.fellBack();
}

/** What served last; where that is quarantined, what served before it. */
function candidates({ model, lastGood, lives }: ServedModel): readonly GoodVersion[] {
  if (lastGood === undefined) return [];
  const { version, mzxid } = lastGood;
  const quarantined = lives.isQuarantined({ model, version, stamp: mzxid });
  return quarantined ? lives.others(model, version) : [lastGood];
}
