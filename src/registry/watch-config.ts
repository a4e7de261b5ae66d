import { posix } from 'node:path';
import { defer, map, mergeMap, of, switchMap, EMPTY, type Observable } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';
import { settledStat } from './settled-stat';

/** The config znode as it stands; both undefined when there is none. Not yet validated: `parseHandlerConfig`. */
export interface ConfigData {
  readonly data: Uint8Array | undefined;
  readonly mzxid: string | undefined;
}

const NONE: ConfigData = { data: undefined, mzxid: undefined };

/**
 * The config znode of `model`, the present value first. That it was deleted is believed when its parent still
 * stands half a second later: when a whole tree goes, the last config stays.
 */
export function watchConfig(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
): Observable<ConfigData> {
  const path = paths.config(model);
  return defer(() => {
    let seen = false;
    return session.watchData(path).pipe(
      map(({ node }) => (node === undefined ? NONE : { data: node.data, mzxid: node.stat.mzxid })),
      switchMap((config) => {
        const removed = seen && config === NONE;
        seen ||= config !== NONE;
        if (!removed) return of(config);
        return settledStat(session, posix.dirname(path)).pipe(
          mergeMap((parent) => (parent === undefined ? EMPTY : of(config))),
        );
      }),
    );
  });
}
