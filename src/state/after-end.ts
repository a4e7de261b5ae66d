import type { LeftAtWork } from './at-work';
import type { Charge, LifeRecord, PromotedHere, Quarantined } from './life-record';
import { machineMayHaveEndedIt, type MachineMoment } from './machine-moment';

/** Ends at which a version was at work after which it is not loaded again. An end before those set off the watch. */
const CHARGES_ALLOWED = 2;
/** Of one that has served here for long: it is likelier that the processes were killed for another reason. */
const CHARGES_ALLOWED_TO_PROVEN = 4;

/** What is known when a process begins. */
export interface Verdict {
  readonly record: LifeRecord;
  /** It is now that these are quarantined: one at the most. */
  readonly convicted: readonly Quarantined[];
}

/**
 * What the end of the process before this one, which left `record` and `atWork`, says of the versions that it ran.
 * Whether it crashed or was killed cannot be told: a version is only charged with an end in the middle of one
 * of its batches, and quarantined after several of them in a row, each of a process that had not lasted long.
 */
export function afterEnd(record: LifeRecord, atWork: LeftAtWork, now: MachineMoment): Verdict {
  const { life } = record;
  if (life === null) return acquitted({ ...record, ends: 0, charges: [] });
  const ended = { ...record, life: null };
  if (machineMayHaveEndedIt(life.machine, now)) return acquitted(ended);
  const ends = record.ends + 1;
  if (life.settled) return acquitted({ ...ended, ends: 1, charges: [] });
  // That load has a marker of its own, which will say so if it was the load.
  if (atWork.loading) return acquitted({ ...ended, ends });
  const charges = charged(record.charges, atWork.running);
  const [suspect] = charges.filter((charge) => charge.times >= allowed(record, charge)).sort(byGuilt(record));
  if (suspect === undefined) return acquitted({ ...ended, ends, charges });
  const convicted = { ...promotionOf(suspect), reason: reasonOf(suspect) };
  return {
    convicted: [convicted],
    record: {
      ...quarantine(ended, convicted),
      ends,
      // What else was at work at the time is not charged with what is explained now.
      charges: [],
    },
  };
}

/** The version is not to be loaded, and is not known to work any more. */
export function quarantine(record: LifeRecord, one: Quarantined): LifeRecord {
  return {
    ...record,
    quarantined: [...record.quarantined.filter((other) => !sameVersion(other, one)), one],
    served: record.served.map((other) => (sameVersion(other, one) ? { ...other, proven: false } : other)),
  };
}

export function sameVersion(
  one: Pick<PromotedHere, 'model' | 'version'>,
  other: Pick<PromotedHere, 'model' | 'version'>,
): boolean {
  return one.model === other.model && one.version === other.version;
}

function acquitted(record: LifeRecord): Verdict {
  return { record, convicted: [] };
}

function charged(charges: readonly Charge[], running: readonly PromotedHere[]): readonly Charge[] {
  const same = (one: PromotedHere, other: PromotedHere) =>
    sameVersion(one, other) && one.stamp === other.stamp;
  const before = charges.filter((charge) => !running.some((one) => same(one, charge)));
  const now = running.map((one) => ({
    ...one,
    times: 1 + (charges.find((charge) => same(one, charge))?.times ?? 0),
  }));
  return [...before, ...now];
}

function isProven({ served }: LifeRecord, version: PromotedHere): boolean {
  return served.some((other) => other.proven && sameVersion(other, version));
}

function allowed(record: LifeRecord, version: PromotedHere): number {
  return isProven(record, version) ? CHARGES_ALLOWED_TO_PROVEN : CHARGES_ALLOWED;
}

/** Who has not served for long comes first, then who was promoted last. */
function byGuilt(record: LifeRecord): (one: Charge, other: Charge) => number {
  return (one, other) =>
    Number(isProven(record, one)) - Number(isProven(record, other)) || (one.stamp < other.stamp ? 1 : -1);
}

function promotionOf({ model, version, stamp }: PromotedHere): PromotedHere {
  return { model, version, stamp };
}

function reasonOf({ times }: Charge): string {
  return `the process crashed or was killed ${times + 1} times in a row, the last ${times} while it ran a batch of this version`;
}
