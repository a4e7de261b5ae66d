import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import type { ZnodePaths } from './paths';
import { formatStatus, type StatusRecord } from './status-record';

/** Writes what `record.replica` reports of `model`, making the znode when there is none. Throws ZooKeeperError. */
export async function writeStatus(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  record: StatusRecord,
): Promise<void> {
  const path = paths.status(model, record.replica);
  const data = formatStatus(record);
  try {
    await session.set(path, data);
  } catch (error) {
    if (!isCode(error, 'NO_NODE')) throw error;
    await session.ensurePath(paths.statusDir(model));
    try {
      await session.create(path, data);
    } catch (again) {
      // A create whose reply was lost had happened.
      if (!isCode(again, 'NODE_EXISTS')) throw again;
      await session.set(path, data);
    }
  }
}

/**
 * Takes the record away, and the directory of the model's records when this was the last; what is not there is
 * fine. Throws ZooKeeperError.
 */
export async function removeStatus(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  replica: string,
): Promise<void> {
  try {
    await session.remove(paths.status(model, replica));
    await session.remove(paths.statusDir(model));
  } catch (error) {
    if (!isCode(error, 'NO_NODE') && !isCode(error, 'NOT_EMPTY')) throw error;
  }
}

function isCode(error: unknown, code: ZooKeeperError['code']): boolean {
  return error instanceof ZooKeeperError && error.code === code;
}
