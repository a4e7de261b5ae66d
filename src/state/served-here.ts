import { sameVersion } from './after-end';
import type { GoodVersion } from './last-good';
import type { LifeRecord, PromotedHere, ServedHere } from './life-record';

/** Versions of a model that are remembered. */
const REMEMBERED = 8;

type Change = Partial<LifeRecord>;

/** `good` serves from now on; whoever asked for it may have asked for one that was quarantined. */
export function nowServed({ served, quarantined }: LifeRecord, good: GoodVersion): Change {
  const before = served.find((other) => sameVersion(other, good));
  // Of other bytes nothing is known.
  const proven = before?.proven === true && before.sha256 === good.sha256;
  const { model, version, mzxid, sha256, files } = good;
  const one: ServedHere = { model, version, mzxid, sha256, ...(files && { files }), proven };
  const others = served.filter((other) => !sameVersion(other, good));
  const forgotten = others.filter((other) => other.model === model).slice(REMEMBERED - 1);
  return {
    served: [one, ...others.filter((other) => !forgotten.includes(other))],
    quarantined: quarantined.filter((other) => !sameVersion(other, { model, version })),
  };
}

/** `good` has served for long. */
export function settled({ served }: LifeRecord, good: GoodVersion): Change {
  return {
    served: served.map((other) => (sameVersion(other, good) ? { ...other, proven: true } : other)),
  };
}

/** Undefined when nothing changes. */
export function withoutModels(record: LifeRecord, models: readonly string[]): Change | undefined {
  const isKept = ({ model }: { readonly model: string }) => models.includes(model);
  const { served, quarantined, charges } = record;
  if ([...served, ...quarantined, ...charges].every(isKept)) return undefined;
  return {
    served: served.filter(isKept),
    quarantined: quarantined.filter(isKept),
    charges: charges.filter(isKept),
  };
}

/** Versions of the same model that may stand in: those that served for long, then the most recent, first. */
export function otherVersions(
  { served, quarantined }: LifeRecord,
  of: Pick<PromotedHere, 'model' | 'version'>,
): readonly GoodVersion[] {
  const able = served.filter(
    (other) =>
      other.model === of.model &&
      other.version !== of.version &&
      !quarantined.some((one) => sameVersion(one, other)),
  );
  return [...able.filter(({ proven }) => proven), ...able.filter(({ proven }) => !proven)];
}
