import { map, type Observable } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';

/** The config znode as it stands; both undefined when there is none. Not yet validated: `parseHandlerConfig`. */
export interface ConfigData {
  readonly data: Uint8Array | undefined;
  readonly mzxid: string | undefined;
}

/** The config znode of `model`, the present value first. */
export function watchConfig(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
): Observable<ConfigData> {
  return session
    .watchData(paths.config(model))
    .pipe(map(({ node }) => ({ data: node?.data, mzxid: node?.stat.mzxid })));
}
