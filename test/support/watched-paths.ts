import { fourLetterWord } from '../../src/embedded/loopback-port';
import { eventually } from './eventually';
import type { ZooKeeperPlace } from './zookeeper';

/** The path of each watch that the server holds in that place for any of its clients; twice for two clients. */
export async function watchedPaths({ port, chroot }: ZooKeeperPlace): Promise<string[]> {
  const answer = await fourLetterWord(port, 'wchp', 2000);
  let path = '';
  return answer.split('\n').flatMap((line) => {
    // A path, and below it a line for each session that watches it.
    if (line.startsWith('/')) path = line;
    const within = path === chroot || path.startsWith(`${chroot}/`);
    return within && /^\s+0x/.test(line) ? [path.slice(chroot.length) || '/'] : [];
  });
}

/** Resolves once the server holds so many watches in that place; fails with their paths. */
export async function watching(zookeeper: ZooKeeperPlace, howMany: number): Promise<void> {
  await eventually(
    () => watchedPaths(zookeeper),
    (paths) => paths.length === howMany,
  );
}
