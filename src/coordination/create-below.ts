import type { NodeMode, ZooKeeperSession } from '../streams/session';
import { hasCode } from './persistently';

/**
 * Makes a child of `directory`, and `directory` as well when that is missing. Returns the path of the child.
 *
 * @param session asked for each request, so that it can refuse when the session has changed
 */
export async function createBelow(
  session: () => ZooKeeperSession,
  directory: string,
  name: string,
  data: Uint8Array,
  mode: NodeMode,
): Promise<string> {
  const path = `${directory}/${name}`;
  try {
    return await session().create(path, data, mode);
  } catch (error) {
    if (!hasCode(error, 'NO_NODE')) throw error;
    await session().ensurePath(directory);
    return await session().create(path, data, mode);
  }
}
