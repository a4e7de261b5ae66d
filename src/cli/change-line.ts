import type { Committed } from '../registry/commit-change';

/** What a write did to the version of a model. */
export function changeLine({ model, from, to, mzxid }: Committed): string {
  return `${model}: ${from ?? 'none'} -> ${to} (zxid ${mzxid})`;
}
