import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckedLoadResult } from '../../bench/checked-load';
import { type LastGood, NOTHING_GOOD, parseLastGood } from '../../src/state/last-good';
import { readSealed } from '../../src/state/sealed-file';
import type { HealthLook } from './health-watch';

/** What one life of a replica's process looked like from outside. Times are ms since 1970. */
export interface Life {
  readonly loads: Readonly<Record<string, CheckedLoadResult>>;
  readonly health: readonly HealthLook[];
  /** Answers of the health check that were not 200, or none, though nobody had ended it. */
  readonly unready: readonly string[];
  /** Changes of znodes that nothing had notified it of, as its metrics had them last. */
  readonly missedChanges: number;
  /** How it ended, if nobody had asked for that. */
  readonly endedByItself: string | undefined;
  /** By which signal it was ended, and when that was sent. */
  readonly end: { readonly signal: 'SIGTERM' | 'SIGKILL'; readonly at: number };
  /** The last good state on disk, as it began and after its end. */
  readonly disk: { readonly found: LastGood; readonly left: LastGood };
  /** When it said that it was connected to ZooKeeper for the first time, and that it followed a model, if it did. */
  readonly connectedAt: number | undefined;
  readonly registeredAt: number | undefined;
}

/** The last good state of the only replica that has its state in `stateDir`. */
export async function lastGoodIn(stateDir: string): Promise<LastGood> {
  const [folder] = await readdir(stateDir).catch(() => []);
  if (folder === undefined) return NOTHING_GOOD;
  return parseLastGood(await readSealed(join(stateDir, folder, 'last-good.json'))) ?? NOTHING_GOOD;
}

/** When a line with that in it was logged first. */
export function loggedAt(lines: readonly string[], words: string): number | undefined {
  const line = lines.find((one) => one.startsWith('{') && one.includes(words));
  // pino's own field, as the command line has it written.
  return line === undefined ? undefined : Date.parse((JSON.parse(line) as { time: string }).time);
}
