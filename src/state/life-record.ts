import { amount, fieldsOf, listOf, text } from '../registry/json-fields';
import { type GoodVersion, goodVersion, name, zxid } from './last-good';
import type { MachineMoment } from './machine-moment';

/** A version as one write asked for it. */
export interface PromotedHere {
  readonly model: string;
  readonly version: string;
  /** The mzxid of that write. */
  readonly stamp: string;
}

/** Ends of processes, in a row, at which this version was running a batch. */
export interface Charge extends PromotedHere {
  readonly times: number;
}

/** Not to be loaded until a later write asks for it. */
export interface Quarantined extends PromotedHere {
  readonly reason: string;
}

/** A version that has served here. */
export interface ServedHere extends GoodVersion {
  /** It has done so for long, without a break. */
  readonly proven: boolean;
}

/** A process that has not ended in order, so far. */
export interface Life {
  /** As it began. */
  readonly machine: MachineMoment;
  /** It has lasted so long that its end says nothing of what it began with. */
  readonly settled: boolean;
  /** What it serves, as `<model>/<version>`: for the log. */
  readonly serves: readonly string[];
}

/** What a replica knows of its lives and of the versions that it served in them. */
export interface LifeRecord {
  /** The present one, or the last; null when that ended in order. */
  readonly life: Life | null;
  /** Lives in a row that had no end in order. */
  readonly ends: number;
  readonly charges: readonly Charge[];
  readonly quarantined: readonly Quarantined[];
  /** The most recent first. */
  readonly served: readonly ServedHere[];
}

export const NO_LIFE: LifeRecord = { life: null, ends: 0, charges: [], quarantined: [], served: [] };

/** The record in `value`; undefined when it is none. Every name is one that may be part of a path. */
export function parseLifeRecord(value: unknown): LifeRecord | undefined {
  const fields = fieldsOf(value);
  const life = fields?.['life'] === null ? null : parseLife(fields?.['life']);
  const ends = amount(fields?.['ends']);
  const charges = listOf(fields?.['charges'], (element) => {
    const times = amount(fieldsOf(element)?.['times']);
    const promoted = promotedHere(element);
    return promoted && times !== undefined ? { ...promoted, times } : undefined;
  });
  const quarantined = listOf(fields?.['quarantined'], (element) => {
    const reason = text(fieldsOf(element)?.['reason']);
    const promoted = promotedHere(element);
    return promoted && reason !== undefined ? { ...promoted, reason } : undefined;
  });
  const served = listOf(fields?.['served'], (element) => {
    const good = goodVersion(fieldsOf(element));
    return good && { ...good, proven: fieldsOf(element)?.['proven'] === true };
  });
  if (life === undefined || ends === undefined) return undefined;
  if (charges === undefined || quarantined === undefined || served === undefined) return undefined;
  return { life, ends, charges, quarantined, served };
}

function parseLife(value: unknown): Life | undefined {
  const fields = fieldsOf(value);
  const machine = fieldsOf(fields?.['machine']);
  const [boot, outOfMemoryKills] = [text(machine?.['boot']), amount(machine?.['outOfMemoryKills'])];
  const serves = listOf(fields?.['serves'], text);
  if (boot === undefined || outOfMemoryKills === undefined || serves === undefined) return undefined;
  return { machine: { boot, outOfMemoryKills }, settled: fields?.['settled'] === true, serves };
}

function promotedHere(value: unknown): PromotedHere | undefined {
  const fields = fieldsOf(value);
  const [model, version] = [name(fields?.['model']), name(fields?.['version'])];
  const stamp = zxid(fields?.['stamp']);
  if (model === undefined || version === undefined || stamp === undefined) return undefined;
  return { model, version, stamp };
}
