import type { ZooKeeperSession } from '../streams/session';
import { commitChange, type Committed } from './commit-change';
import type { ZnodePaths } from './paths';
import { catalogCheck, presentVersion } from './promote';
import { readHistory } from './read-history';

export interface RollbackRequest {
  readonly model: string;
  readonly by: string;
  readonly reason?: string | undefined;
}

/**
 * Promotes the version that history shows before the present one. When somebody else changes the pointer
 * meanwhile it refuses: what "before" means has changed. Throws {@link NothingToRollBack} or ZooKeeperError.
 */
export async function rollback(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  { model, by, reason }: RollbackRequest,
): Promise<Committed> {
  let first: { from: string | null } | undefined;
  return commitChange(session, paths, {
    model,
    kind: 'rollback',
    path: paths.version(model),
    by,
    reason,
    decide: async (present) => {
      const from = presentVersion(present);
      if (first !== undefined && first.from !== from) {
        throw new Error(
          `${model} was changed to ${from ?? 'no version'} by somebody else meanwhile; nothing was rolled back`,
        );
      }
      first = { from };
      const to = await previousVersion(session, paths, model, from);
      if (to === undefined) throw new NothingToRollBack(model, from);
      return { from, to, checks: await catalogCheck(session, paths, model, to) };
    },
  });
}

export class NothingToRollBack extends Error {
  override readonly name = 'NothingToRollBack';
  constructor(model: string, present: string | null) {
    super(
      `the history of ${model} shows no version before ${present ?? 'the present one'}; name the one to go to: zooserve rollback ${model} <version>`,
    );
  }
}

/**
 * Walking back through what history says was promoted, the first version that is not `present`. After a bare
 * write, which leaves no record, that is the last one that was promoted.
 */
export async function previousVersion(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  present: string | null,
): Promise<string | undefined> {
  const entries = await readHistory(session, paths, model);
  return (
    entries
      .filter((entry) => entry.kind !== 'config')
      .flatMap((entry) => [entry.to, entry.from])
      .find((version) => version !== null && version !== present) ?? undefined
  );
}
