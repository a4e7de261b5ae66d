import type { ModelError } from '../errors';
import type { Generation } from './generation';
import type { SlotParts } from './slot-parts';

/**
 * Lets the most recently replaced version that is in memory, and takes the config in force, answer in place of the
 * live one, for the reason `fault`. False when there is none; true also when the live one has been replaced meanwhile.
 */
export async function letStandIn(
  { model, residency, closing, log }: SlotParts,
  live: Generation,
  fault: ModelError,
): Promise<boolean> {
  for (const kept of residency.kept) {
    const { config } = residency;
    const takesConfig = await kept.refusalOf(config).then(
      (refusal) => refusal === undefined,
      () => false,
    );
    if (closing.aborted || residency.live?.generation !== live) return true;
    if (!takesConfig || residency.config !== config || !kept.alive || kept.retiring) continue;
    residency.standIn(kept, fault);
    log.error(
      { model, version: kept.version, for: live.version, reason: fault.message },
      'a version that was replaced answers again, in place of the one that should',
    );
    return true;
  }
  return false;
}
