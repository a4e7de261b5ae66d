import {
  combineLatest,
  distinctUntilChanged,
  filter,
  firstValueFrom,
  map,
  merge,
  of,
  switchMap,
  timer,
  type Observable,
} from 'rxjs';
import { isName } from '../names';
import type { DataSnapshot } from '../streams/session';
import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';
import { parseVersion } from './promoted-version';
import { parseStatus } from './status-record';
import { verdict, type Target, type Verdict } from './verdict';

/** Each live replica and how far it has come, sorted by name. */
export type FleetProgress = readonly { readonly replica: string; readonly verdict: Verdict }[];

export type Convergence =
  | { readonly kind: 'converged'; readonly fleet: FleetProgress }
  /** At least one replica failed for good. */
  | { readonly kind: 'failed'; readonly fleet: FleetProgress }
  | { readonly kind: 'timed-out'; readonly fleet: FleetProgress }
  /** There was no live replica when the wait began, or none when it timed out. */
  | { readonly kind: 'no-replica' }
  /** Somebody wrote something else after the target; `by` says what. */
  | { readonly kind: 'superseded'; readonly by: string };

/**
 * Waits until every live replica has followed `target`. Replicas that join are waited for, those that leave are
 * not; when all of them leave, it waits for one to come back. Watches, never polls; a lost connection only
 * delays it. `onProgress` hears each change, the first state included.
 */
export async function awaitConvergence(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  target: Target,
  timeoutMs: number,
  onProgress?: (fleet: FleetProgress) => void,
): Promise<Convergence> {
  let seen: FleetProgress = [];
  const outcome$ = combineLatest([
    watchFleet(session, paths, model, target),
    watchTarget(session, paths, model, target),
  ]).pipe(
    map(([fleet, supersededBy], index): Convergence | undefined => {
      seen = fleet;
      onProgress?.(fleet);
      if (supersededBy !== undefined) return { kind: 'superseded', by: supersededBy };
      if (fleet.length === 0) return index === 0 ? { kind: 'no-replica' } : undefined;
      if (fleet.some(({ verdict }) => verdict.kind === 'failed')) return { kind: 'failed', fleet };
      return fleet.every(({ verdict }) => verdict.kind === 'done') ? { kind: 'converged', fleet } : undefined;
    }),
  );
  const late$ = timer(timeoutMs).pipe(
    map((): Convergence => (seen.length === 0 ? { kind: 'no-replica' } : { kind: 'timed-out', fleet: seen })),
  );
  const ended$ = merge(outcome$, late$).pipe(filter((outcome) => outcome !== undefined));
  return firstValueFrom(ended$, { defaultValue: { kind: 'no-replica' } });
}

function watchFleet(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  target: Target,
): Observable<FleetProgress> {
  return session.watchChildren(paths.replicas).pipe(
    map(({ node }) => (node?.names ?? []).filter(isName).sort()),
    distinctUntilChanged((a, b) => a.join('/') === b.join('/')),
    switchMap((replicas) =>
      replicas.length === 0
        ? of([])
        : combineLatest(
            replicas.map((replica) =>
              session
                .watchData(paths.status(model, replica))
                .pipe(
                  map(({ node }) => ({ replica, verdict: verdict(target, node && parseStatus(node.data)) })),
                ),
            ),
          ),
    ),
  );
}

/** Undefined while the znode still says what the target says; else, in words, what it says now. */
function watchTarget(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  target: Target,
): Observable<string | undefined> {
  const path = target.kind === 'version' ? paths.version(model) : paths.config(model);
  return session.watchData(path).pipe(map(({ node }) => supersededBy(target, node)));
}

function supersededBy(target: Target, node: DataSnapshot['node']): string | undefined {
  if (node === undefined) return 'its znode was deleted';
  if (node.stat.mzxid <= target.mzxid) return undefined;
  if (target.kind === 'config') return `another config was written (zxid ${node.stat.mzxid})`;
  const parsed = parseVersion(node.data);
  if ('version' in parsed && parsed.version === target.version) return undefined;
  return 'version' in parsed
    ? `version ${parsed.version} was promoted (zxid ${node.stat.mzxid})`
    : parsed.reason;
}
