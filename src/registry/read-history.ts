import type { ZooKeeperSession } from '../streams/session';
import { inBatches } from './in-batches';
import { parseHistory, type HistoryRecord } from './history-record';
import type { ZnodePaths } from './paths';

/** A history record with what its znode knows: when (ms since 1970, the ensemble's clock) and at which zxid. */
export interface HistoryEntry extends HistoryRecord {
  readonly name: string;
  readonly when: number;
  readonly zxid: string;
}

const NAME = /^h-(\d{10,})$/;

/** The names of the records below `directory`, newest first. Throws ZooKeeperError. */
export async function historyNames(session: ZooKeeperSession, directory: string): Promise<string[]> {
  const children = await session.children(directory);
  return (children?.names ?? []).filter((name) => NAME.test(name)).sort(newestFirst);
}

/** The changes of `model`, newest first, at most `limit` znodes looked at. Strangers among them are passed over. */
export async function readHistory(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<HistoryEntry[]> {
  const directory = paths.history(model);
  const names = await historyNames(session, directory);
  const entries = await inBatches(names.slice(0, limit), async (name) => {
    const node = await session.get(`${directory}/${name}`);
    const record = node && parseHistory(node.data);
    return record && { ...record, name, when: node.stat.ctime, zxid: node.stat.czxid };
  });
  return entries.filter((entry) => entry !== undefined);
}

function newestFirst(a: string, b: string): number {
  return b.length - a.length || (a < b ? 1 : -1);
}
