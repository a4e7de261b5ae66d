import { errorMessage, type ModelError } from '../errors';
import type { ConfigInForce } from './config-in-force';
import type { Generation } from './generation';
import type { KnownVersion } from './known-versions';
import type { SlotParts } from './slot-parts';

/**
 * Lets another version answer in place of the live one, for the reason `fault`: the most recently replaced one that is
 * in memory, or else one that is known to have answered before, which is built. It has to take the config in force.
 * False when there is none; true also when the live one has been replaced meanwhile.
 */
export async function letStandIn(parts: SlotParts, live: Generation, fault: ModelError): Promise<boolean> {
  const { residency, known, builds, model, log } = parts;
  for (const kept of residency.kept) {
    if (await standsIn(parts, { live, fault }, kept)) return true;
  }
  for (const other of known.others(live.version)) {
    if (residency.find(other.version) !== undefined) continue;
    try {
      if (await builds.run(() => buildAndLetStandIn(parts, { live, fault }, other))) return true;
    } catch (error) {
      const { version } = other;
      log.error(
        { model, version, error: errorMessage(error) },
        'a version that served before cannot be built',
      );
    }
  }
  return isReplaced(parts, live);
}

/** Who is to be replaced, and why. */
interface Vacancy {
  readonly live: Generation;
  readonly fault: ModelError;
}

async function buildAndLetStandIn(
  parts: SlotParts,
  vacancy: Vacancy,
  { version, stamp, expectedSha256, expectedBeside }: KnownVersion,
): Promise<boolean> {
  const { residency, builder } = parts;
  if (isReplaced(parts, vacancy.live)) return true;
  const { config } = residency;
  const generation = await builder.build({ version, stamp, config, expectedSha256, expectedBeside });
  const replaced = await standsIn(parts, vacancy, generation, stamp);
  if (residency.live?.generation !== generation) residency.retire(generation);
  return replaced;
}

/** Whether the live one is replaced, by `other` or already. */
async function standsIn(
  parts: SlotParts,
  { live, fault }: Vacancy,
  other: Generation,
  stamp?: string,
): Promise<boolean> {
  const { model, residency, log } = parts;
  const { config } = residency;
  const takesConfig = await takes(other, config);
  if (isReplaced(parts, live)) return true;
  if (!takesConfig || residency.config !== config || !other.alive || other.retiring) return false;
  residency.standIn(other, fault, stamp);
  log.error(
    { model, version: other.version, for: live.version, reason: fault.message },
    'a version that was replaced answers again, in place of the one that should',
  );
  return true;
}

function isReplaced({ closing, residency }: SlotParts, live: Generation): boolean {
  return closing.aborted || residency.live?.generation !== live;
}

function takes(generation: Generation, config: ConfigInForce): Promise<boolean> {
  return generation.refusalOf(config).then(
    (refusal) => refusal === undefined,
    () => false,
  );
}
