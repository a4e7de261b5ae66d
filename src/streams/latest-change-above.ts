import { posix } from 'node:path';
import { exists, type Sender } from './requests';

/**
 * The pzxid of the nearest znode above `path` that is there: the last time that a child of it came or went. If `path`
 * was there and was removed, it is later than whatever was seen of it. Undefined: not even the chroot is there.
 */
export async function latestChangeAbove(to: Sender, path: string): Promise<string | undefined> {
  for (let above = path; above !== '/';) {
    above = posix.dirname(above);
    const { node } = await exists(to, above, false);
    if (node !== undefined) return node.pzxid;
  }
  return undefined;
}
