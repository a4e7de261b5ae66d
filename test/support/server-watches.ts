import { fourLetterWord } from '../../src/embedded/loopback-port';
import { eventually } from './eventually';
import type { TestZooKeeper, ZooKeeperPlace } from './zookeeper';

/** How many watches the server holds for all its clients, on data and on lists of children. */
export async function watchCount({ port }: TestZooKeeper): Promise<number> {
  const answer = await fourLetterWord(port, 'mntr', 2000);
  return Number(/^zk_watch_count\s+(\d+)$/m.exec(answer)?.[1]);
}

/** Resolves once the server holds so many watches, of either kind, for all its clients. */
export async function watching(zookeeper: TestZooKeeper, howMany: number): Promise<void> {
  await eventually(
    () => watchCount(zookeeper),
    (watches) => watches === howMany,
  );
}

/**
 * The path of each watch on data or existence that the server holds in that place for any of its clients; twice for two
 * clients. Of watches on lists of children the server tells no more than their number.
 */
async function dataWatches({ port, chroot }: ZooKeeperPlace): Promise<string[]> {
  const answer = await fourLetterWord(port, 'wchp', 2000);
  let path = '';
  return answer.split('\n').flatMap((line) => {
    // A path, and below it a line for each session that watches it.
    if (line.startsWith('/')) path = line;
    const within = path === chroot || path.startsWith(`${chroot}/`);
    return within && /^\s+0x/.test(line) ? [path.slice(chroot.length) || '/'] : [];
  });
}

/** Resolves once the server holds so many watches on data or existence in that place; fails with their paths. */
export async function watchingData(place: ZooKeeperPlace, howMany: number): Promise<void> {
  await eventually(
    () => dataWatches(place),
    (paths) => paths.length === howMany,
  );
}
