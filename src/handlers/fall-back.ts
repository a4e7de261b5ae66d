import type { PromotedVersion } from '../registry/promoted-version';
import { errorMessage } from '../errors';
import type { GoodModel } from '../state/last-good';
import type { ExpectedFiles, ServedModel } from './served-model';

/** What the former process served last, as if its znode had been read; undefined when there was nothing. */
export function formerly({
  lastGood,
}: ServedModel): Extract<PromotedVersion, { kind: 'version' }> | undefined {
  if (lastGood === undefined) return undefined;
  return { kind: 'version', version: lastGood.version, mzxid: lastGood.mzxid, mtime: 0 };
}

/** What its files have to be. */
export function filesOf({ sha256, files }: GoodModel): ExpectedFiles {
  return { expectedSha256: sha256, expectedBeside: files };
}

/**
 * Serves what the former process served last, when nothing else does: what is wanted now is missing or cannot be
 * served, and a restart must be no worse than going on would have been.
 */
export async function fallBack(context: ServedModel, signal: AbortSignal): Promise<void> {
  const { model, slot, lastGood, observed, log } = context;
  if (lastGood === undefined || slot.serving !== undefined) return;
  const { version, mzxid } = lastGood;
  try {
    await slot.serve({ version, stamp: mzxid, ...filesOf(lastGood), signal });
    observed.servesFormer();
    log.warn(
      { model, version, mzxid },
      `${model} serves version ${version}, the last good one before the restart`,
    );
  } catch (error) {
    if (signal.aborted) return;
    log.error(
      { model, version, error: errorMessage(error) },
      'the last good version cannot be served either',
    );
  }
  observed.fellBack();
}
