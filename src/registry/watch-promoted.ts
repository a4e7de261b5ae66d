import { map, type Observable } from 'rxjs';
import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';
import { promotedVersion, type PromotedVersion } from './promoted-version';

/** What the version znode of `model` says, the present value first. Data that is no version is a value too. */
export function watchPromoted(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
): Observable<PromotedVersion> {
  return session.watchData(paths.version(model)).pipe(map(({ node }) => promotedVersion(node)));
}
