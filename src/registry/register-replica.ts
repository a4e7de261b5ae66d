import type { Logger } from 'pino';
import {
  combineLatest,
  concatMap,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  firstValueFrom,
  from,
  map,
  ReplaySubject,
  retry,
  switchMap,
  timeout,
  timer,
  type Observable,
  type Subscription,
} from 'rxjs';
import { errorMessage, ZooKeeperError } from '../errors';
import type { DataSnapshot } from '../streams/session';
import type { ZooKeeperSession } from '../streams/session';
import type { SessionState } from '../streams/session-state';
import type { ZnodePaths } from './paths';
import { formatReplica, parseReplica, type ReplicaRecord } from './replica-record';

/** Between a create that failed and the next attempt. */
const RETRY_MS = 250;

/** The server rounds an expiry up to its next tick, 2 s by default. */
const EXPIRY_ROUNDING_MS = 2_500;

/** Another process holds this replica's id. */
export class ReplicaIdTaken extends Error {
  override readonly name = 'ReplicaIdTaken';
}

/** The ephemeral znode `/replicas/<replica>` while it is kept up. Disposing takes it away. */
export class ReplicaRegistration implements AsyncDisposable {
  constructor(
    private readonly session: ZooKeeperSession,
    private readonly path: string,
    private readonly upkeep: Subscription,
  ) {}

  /** Removes the znode when it is this session's own; without a connection it ends with the session. Safe twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.upkeep.closed) return;
    this.upkeep.unsubscribe();
    try {
      const node = await this.session.get(this.path);
      if (node !== undefined && isOwn(node.stat.ephemeralOwner, this.session.state)) {
        await this.session.remove(this.path, node.stat.version);
      }
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
    }
  }
}

/**
 * Makes this process known as `replica`: resolves when the ephemeral znode is there and is this session's own.
 * One that another session left is waited for as long as a session may take to expire (it may be this
 * process's former life); then {@link ReplicaIdTaken}. Afterwards the znode is kept up: made again after an
 * expiry, or when somebody deleted it. Needs a session that connects; throws its ZooKeeperError when it is closed.
 */
export async function registerReplica(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  replica: string,
  record: ReplicaRecord,
  log?: Logger,
): Promise<ReplicaRegistration> {
  await session.connected();
  const path = paths.replica(replica);
  const held$ = new ReplaySubject<DataSnapshot['node']>(1);
  const upkeep = holding(session, paths, path, formatReplica(record), log).subscribe(held$);
  try {
    const patience = session.negotiatedTimeoutMs + EXPIRY_ROUNDING_MS;
    const own$ = held$.pipe(
      filter((node) => node !== undefined && isOwn(node.stat.ephemeralOwner, session.state)),
    );
    const own = await firstValueFrom(own$.pipe(timeout({ first: patience })), {
      defaultValue: undefined,
    });
    if (own === undefined) throw new Error('the session was closed');
    return new ReplicaRegistration(session, path, upkeep);
  } catch (cause) {
    upkeep.unsubscribe();
    const holder = await session.get(path).catch(() => undefined);
    if (holder === undefined) {
      throw new Error(`the replica ${replica} could not be registered at ${path}: ${errorMessage(cause)}`, {
        cause,
      });
    }
    throw new ReplicaIdTaken(takenMessage(replica, holder.data), { cause });
  }
}

/** The znode as it is seen, while it is made each time that it is missing. */
function holding(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  path: string,
  data: Buffer,
  log: Logger | undefined,
): Observable<DataSnapshot['node']> {
  const epoch$ = session.state$.pipe(
    filter((state) => state.name === 'CONNECTED'),
    map((state) => state.epoch),
    distinctUntilChanged(),
  );
  return combineLatest([session.watchData(path), epoch$]).pipe(
    switchMap(([{ node }]) => {
      if (node !== undefined) {
        if (!isOwn(node.stat.ephemeralOwner, session.state)) {
          log?.warn(
            { path, holder: parseReplica(node.data) },
            'the replica id is held by another session; waiting for it to end',
          );
        }
        return [node];
      }
      return defer(() => from(create(session, paths, path, data))).pipe(
        retry({
          delay: (error) => {
            log?.warn(
              { path, error: errorMessage(error) },
              'the replica could not be registered; trying again',
            );
            return timer(RETRY_MS).pipe(concatMap(() => session.connected()));
          },
        }),
        // The watch tells of the znode that was made.
        concatMap(() => EMPTY),
      );
    }),
  );
}

async function create(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  path: string,
  data: Buffer,
): Promise<void> {
  await session.ensurePath(paths.replicas);
  try {
    await session.create(path, data, 'EPHEMERAL');
  } catch (error) {
    // Made by this session in a reply that was lost, or by another one: the watch shows which.
    if (!(error instanceof ZooKeeperError && error.code === 'NODE_EXISTS')) throw error;
  }
}

function isOwn(ephemeralOwner: string, state: SessionState): boolean {
  return state.name === 'CONNECTED' && state.sessionId === ephemeralOwner;
}

function takenMessage(replica: string, data: Uint8Array): string {
  const holder = parseReplica(data);
  const who = holder === undefined ? '' : ` (pid ${holder.pid} on ${holder.host}, ${holder.url})`;
  return `the replica id ${replica} is held by another live process${who}; stop it, or choose another id with --replica`;
}
