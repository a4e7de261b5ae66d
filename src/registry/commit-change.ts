import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../backoff';
import { errorMessage, ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import type { TransactionOp } from '../streams/session';
import { formatHistory, type HistoryRecord } from './history-record';
import type { ZnodePaths } from './paths';
import { pruneHistory } from './prune-history';
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
/** Between attempts that the connection spoiled. */
const RETRY = { firstMs: 50, limitMs: 1000 };
/** How far back a record of one's own is looked for. */
const RECENT = 64;

/**
 * Writes the znode and its history record in one compare-and-set `multi`, with the parents that are missing.
 * Another writer in between: read again, decide again, a few times. A connection that breaks: once it is back, for
 * which a session timeout is waited, the history says whether the write was carried out, so that nothing is written
 * twice. Throws ZooKeeperError, which says whether the write may have been carried out, or what `decide` throws.
 */
export async function commitChange(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  request: ChangeRequest,
): Promise<Committed> {
  const { model, path } = request;
  const id = randomUUID();
  let mayBeWritten = false;
  let patience: AbortSignal | undefined;
  for (let failures = 0; ;) {
    try {
      if (patience !== undefined) await session.connected(patience);
      if (mayBeWritten) {
        // The write may have reached another server than the one that is asked now.
        await session.sync(paths.history(model));
        const earlier = await findRecord(session, paths, model, id);
        if (earlier !== undefined) return earlier;
      }
      const ops = await operations(session, paths, request, id);
      await session.multi(ops);
      mayBeWritten = true;
      const written = await findRecord(session, paths, model, id);
      if (written !== undefined) {
        await pruneHistory(session, paths, model);
        return written;
      }
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw mayBeWritten ? unknownOutcome(error, request) : error;
      mayBeWritten ||= error.outcome.mayHaveHappened;
      failures += 1;
      const another = (isRace(error) || error.outcome.retryable) && patience?.aborted !== true;
      if (failures === ATTEMPTS || !another) throw mayBeWritten ? unknownOutcome(error, request) : error;
      if (!error.outcome.retryable) continue;
      patience ??= AbortSignal.timeout(session.negotiatedTimeoutMs);
      await sleep(backoffMs(failures, RETRY));
      continue;
    }
    throw new Error(`${path} was written, but its history record is gone; look at: zooserve status ${model}`);
  }
}

async function operations(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  { model, path, kind, by, reason, decide }: ChangeRequest,
  id: string,
): Promise<TransactionOp[]> {
  const present = await session.get(path);
  const change = await decide(present);
  const { from, to } = change;
  const record: HistoryRecord = { id, kind, from, to, by, reason: reason ?? null };
  const data = Buffer.from(to);
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
): Promise<Committed | undefined> {
  const entries = await readHistory(session, paths, model, RECENT);
  const found = entries.find((entry) => entry.id === id);
  return found && { model, from: found.from, to: found.to, mzxid: found.zxid };
}

/** The error of the last attempt, after one that was sent and not answered. */
function unknownOutcome(cause: unknown, { path, model }: ChangeRequest): ZooKeeperError {
  const { code, outcome } = cause instanceof ZooKeeperError ? cause : OTHER;
  return new ZooKeeperError(
    code,
    `${errorMessage(cause)}; ${path} may have been written before that: look at zooserve history ${model}`,
    { path, mayHaveHappened: true, retryable: outcome.retryable },
    { cause },
  );
}

const OTHER = { code: 'OTHER', outcome: { retryable: false } } as const;

function isRace(error: ZooKeeperError): boolean {
  return ['VERSION_CONFLICT', 'NODE_EXISTS', 'NO_NODE'].includes(error.code);
}
