import type { CheckedLoadResult } from './checked-load';

/** Answers that named another version than the promotion did under which they were made. */
export interface Misnamed {
  /** The promotion's zxid, as the answers had it. */
  readonly zxid: string;
  /** What it promoted; undefined when nobody wrote that promotion. */
  readonly promoted: string | undefined;
  readonly named: string;
  readonly answers: number;
}

/**
 * `promotions`: the version that each promotion made the one to serve, by its zxid; all that may have been answered
 * under.
 */
export function misnamed(
  { byPromotion }: Pick<CheckedLoadResult, 'byPromotion'>,
  promotions: ReadonlyMap<string, string>,
): readonly Misnamed[] {
  return [...byPromotion].flatMap(([zxid, versions]) => {
    const promoted = promotions.get(zxid);
    return [...versions]
      .filter(([named]) => named !== promoted)
      .map(([named, answers]) => ({ zxid, promoted, named, answers }));
  });
}
