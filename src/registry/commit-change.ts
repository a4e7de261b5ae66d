import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import type { TransactionOp } from '../streams/session';
import { formatHistory, type HistoryRecord } from './history-record';
import type { ZnodePaths } from './paths';
import { readHistory } from './read-history';

/** The znode that a change is about, as it was read. */
export type PresentNode = { readonly data: Buffer; readonly stat: { readonly version: number } } | undefined;

/** What is to be written, decided from what is there. */
export interface Change {
  readonly from: string | null;
  readonly to: string;
  /** Conditions that must hold at the moment of the write. */
  readonly checks?: readonly TransactionOp[];
}

export interface ChangeRequest {
  readonly model: string;
  readonly kind: HistoryRecord['kind'];
  /** The znode to set or to create. */
  readonly path: string;
  readonly by: string;
  readonly reason: string | undefined;
  /** Called again, with what is there then, each time that another writer was faster; may refuse by throwing. */
  readonly decide: (present: PresentNode) => Promise<Change> | Change;
}

/** A change that was written. */
export interface Committed {
  readonly model: string;
  readonly from: string | null;
  readonly to: string;
  /** The fence of the write: the znode's mzxid and the history record's czxid. */
  readonly mzxid: string;
}

const ATTEMPTS = 8;
/** How far back a record of one's own is looked for. */
const RECENT = 64;

/**
 * Writes the znode and its history record in one compare-and-set `multi`, with the parents that are missing.
 * Another writer in between: read again, decide again, a few times. A reply that was lost is looked up in the
 * history, so that nothing is written twice. Throws ZooKeeperError, or what `decide` throws.
 */
export async function commitChange(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  request: ChangeRequest,
): Promise<Committed> {
  const { model, kind, path, by, reason } = request;
  let lost: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const present = await session.get(path);
    const change = await request.decide(present);
    const record: HistoryRecord = {
      id: randomUUID(),
      kind,
      from: change.from,
      to: change.to,
      by,
      reason: reason ?? null,
    };
    const ops = await operations(session, paths, request, present, change, record);
    try {
      await session.multi(ops);
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      if (error.outcome.mayHaveHappened) {
        await session.connected(AbortSignal.timeout(session.negotiatedTimeoutMs));
        const found = await findRecord(session, paths, model, record.id);
        if (found !== undefined) return { model, from: change.from, to: change.to, mzxid: found };
      }
      lost = error;
      if (isRace(error) || error.outcome.retryable) continue;
      throw error;
    }
    const mzxid = await findRecord(session, paths, model, record.id);
    if (mzxid === undefined) {
      throw new Error(
        `${path} was written, but its history record is gone; look at: zooserve status ${model}`,
      );
    }
    return { model, from: change.from, to: change.to, mzxid };
  }
  throw lost;
}

async function operations(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  { model, path }: ChangeRequest,
  present: PresentNode,
  change: Change,
  record: HistoryRecord,
): Promise<TransactionOp[]> {
  const data = Buffer.from(change.to);
  const history = paths.history(model);
  const parents = new Set([
    ...(present === undefined ? await missing(session, posix.dirname(path)) : []),
    ...(await missing(session, history)),
  ]);
  return [
    ...(change.checks ?? []),
    ...[...parents].map((parent): TransactionOp => ({ op: 'create', path: parent, data: Buffer.alloc(0) })),
    present === undefined
      ? { op: 'create', path, data }
      : { op: 'set', path, data, version: present.stat.version },
    { op: 'create', path: `${history}/h-`, data: formatHistory(record), mode: 'PERSISTENT_SEQUENTIAL' },
  ];
}

/** Those of `path` and its ancestors that are not there, topmost first. */
async function missing(session: ZooKeeperSession, path: string): Promise<string[]> {
  const absent: string[] = [];
  for (let at = path; at !== '/' && (await session.exists(at)) === undefined; at = posix.dirname(at)) {
    absent.unshift(at);
  }
  // A chroot is above every path that a transaction may name.
  if (absent.length > 0) await session.ensurePath('/');
  return absent;
}

async function findRecord(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  id: string,
): Promise<string | undefined> {
  const entries = await readHistory(session, paths, model, RECENT);
  return entries.find((entry) => entry.id === id)?.zxid;
}

function isRace(error: ZooKeeperError): boolean {
  return ['VERSION_CONFLICT', 'NODE_EXISTS', 'NO_NODE'].includes(error.code);
}
