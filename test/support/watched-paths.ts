import { fourLetterWord } from '../../src/embedded/loopback-port';
import { eventually } from './eventually';
import type { TestZooKeeper } from './zookeeper';

/** Options of `startTestZooKeeper` with which {@link watchedPaths} is answered. */
export const TELLS_WATCHES = { config: { '4lw.commands.whitelist': 'conf,srvr,wchp' } };

/** The path of each watch that the server holds for any of its clients; twice for two clients. */
export async function watchedPaths(zookeeper: TestZooKeeper): Promise<string[]> {
  const answer = await fourLetterWord(zookeeper.server.port, 'wchp', 2000);
  let path = '';
  return answer.split('\n').flatMap((line) => {
    // A path, and below it a line for each session that watches it.
    if (line.startsWith('/')) path = line;
    return /^\s+0x/.test(line) ? [path] : [];
  });
}

/** Resolves once the server holds so many watches; fails with their paths. */
export async function watching(zookeeper: TestZooKeeper, howMany: number): Promise<void> {
  await eventually(
    () => watchedPaths(zookeeper),
    (paths) => paths.length === howMany,
  );
}
