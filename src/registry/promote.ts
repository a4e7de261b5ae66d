import type { ZooKeeperSession } from '../streams/session';
import type { TransactionOp } from '../streams/session';
import { commitChange, type Committed, type PresentNode } from './commit-change';
import type { ZnodePaths } from './paths';
import { parseVersion } from './promoted-version';

export interface PromoteRequest {
  readonly model: string;
  readonly version: string;
  readonly by: string;
  readonly reason?: string | undefined;
}

/**
 * Makes `version` the promoted one, whatever it was before: the pointer, its history record and a check that
 * the catalog's manifest, where there is one, is still the one that was read. Throws ZooKeeperError.
 */
export function promote(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  { model, version, by, reason }: PromoteRequest,
  kind: 'promote' | 'rollback' = 'promote',
): Promise<Committed> {
  return commitChange(session, paths, {
    model,
    kind,
    path: paths.version(model),
    by,
    reason,
    decide: async (present) => ({
      from: presentVersion(present),
      to: version,
      checks: await catalogCheck(session, paths, model, version),
    }),
  });
}

/** The version that the pointer names; null when there is none, or no valid one. */
export function presentVersion(present: PresentNode): string | null {
  const parsed = present && parseVersion(present.data);
  return parsed !== undefined && 'version' in parsed ? parsed.version : null;
}

/** Holds the write to the manifest that is there now; nothing where the catalog has none. */
export async function catalogCheck(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  version: string,
): Promise<TransactionOp[]> {
  const path = paths.catalog(model, version);
  const stat = await session.exists(path);
  return stat === undefined ? [] : [{ op: 'check', path, version: stat.version }];
}
