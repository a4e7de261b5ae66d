import { readdir, readFile } from 'node:fs/promises';
import { eventually } from '../support/eventually';
import type { Rig } from './rig';
import { MODELS } from './models';
import { SharedWork } from './shared-work';

/** For sessions that nobody has any more to expire. */
const GONE_WITHIN_MS = 30_000;
const WATCHED = /^zooserve_zookeeper_watched_znodes\{freshness="\w+"\} (\d+)$/gm;

/** Whether the servers hold as many watches as those who live have a use for, once everything is at rest. */
export async function needlessWatches({ ensemble, replicas, observers }: Rig): Promise<string[]> {
  const live = replicas.filter((replica) => replica.live);
  const needed = async (): Promise<number> => {
    const texts = await Promise.all(live.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    const own = texts.flatMap((text) => Array.from(text.matchAll(WATCHED), ([, count]) => Number(count)));
    return [...own, ...observers.map(({ session }) => session.watchFigures.watched)].reduce(
      (a, b) => a + b,
      0,
    );
  };
  return settles('watches are on the servers, and needed', async () => [
    await ensemble.figure('zk_watch_count'),
    await needed(),
  ]);
}

/** Once every client but the one that writes has ended in good order: nothing of theirs is in the ensemble. */
export async function leftInEnsemble({ ensemble, session, paths, lock }: Rig): Promise<string[]> {
  const figures = ['zk_watch_count', 'zk_ephemerals_count'].map((name) =>
    settles(name, async () => [await ensemble.figure(name), 0]),
  );
  const statuses = MODELS.map((model) => paths.statusDir(model));
  const directories = [paths.replicas, ...statuses, lock.path, ...SharedWork.directories];
  const znodes = directories.map(async (path) => {
    // Its server may be behind those that the others signed off from; and what is ephemeral has time to go.
    const look = async (): Promise<readonly string[]> => {
      await session.sync(path);
      return (await session.children(path))?.names ?? [];
    };
    const empty = (names: readonly string[]): boolean => names.length === 0;
    const names = await eventually(look, empty, GONE_WITHIN_MS).catch(look);
    return names.length === 0 ? [] : [`left in ${path}: ${names.join(', ')}`];
  });
  return (await Promise.all([...figures, ...znodes])).flat();
}

/** The processes that this one has started and that have not ended, as Linux has it; elsewhere none. */
export async function childProcesses(): Promise<readonly number[]> {
  const tasks = await readdir('/proc/self/task').catch(() => []);
  const texts = tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'latin1').catch(() => ''));
  return (await Promise.all(texts)).flatMap((text) => text.split(' ').filter(Boolean).map(Number));
}

/** Once everything was ended: processes that were not there before, and what is in the folder for all that is put aside. */
export async function leftOnMachine(before: readonly number[], scratch: string): Promise<string[]> {
  const processes = (await childProcesses()).filter((pid) => !before.includes(pid));
  const files = await readdir(scratch);
  return [
    ...processes.map((pid) => `process ${pid} was left behind`),
    ...files.map((name) => `${name} was left in the folder for what is put aside`),
  ];
}

async function settles(
  what: string,
  look: () => Promise<readonly [is: number, wanted: number]>,
): Promise<string[]> {
  let seen: readonly [number, number] = [NaN, NaN];
  try {
    await eventually(async () => (seen = await look()), ([is, wanted]) => is === wanted, GONE_WITHIN_MS); // prettier-ignore
    return [];
  } catch {
    return [`${what}: ${seen[0]}, not ${seen[1]}`];
  }
}
