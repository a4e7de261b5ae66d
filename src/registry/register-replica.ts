import type { Logger } from 'pino';
import {
  combineLatest,
  concatMap,
  defer,
  distinctUntilChanged,
  filter,
  firstValueFrom,
  ignoreElements,
  map,
  NEVER,
  of,
  ReplaySubject,
  retry,
  switchMap,
  takeUntil,
  tap,
  timer,
  type Observable,
  type Subscription,
} from 'rxjs';
import { errorMessage, ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import type { SessionState } from '../streams/session-state';
import type { ZnodePaths } from './paths';
import { formatReplica, parseReplica, type ReplicaRecord } from './replica-record';

const HELD_BY_ANOTHER = 'the replica id is held by another session; waiting for it to end';

/** Between a create that failed and the next attempt. */
const RETRY_MS = 250;

/** The server rounds an expiry up to its next tick, 2 s by default. */
const EXPIRY_ROUNDING_MS = 2_500;

const ENDS: Readonly<Partial<Record<SessionState['name'], string>>> = {
  CLOSED: 'the session was closed',
  AUTH_FAILED: 'the credentials were refused',
};

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
      const { state } = this.session;
      if (state.name === 'CONNECTED' && node?.stat.ephemeralOwner === state.sessionId) {
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
 * process's former life), counted from the last time that the ensemble was reached, since nothing expires while it is
 * away; then {@link ReplicaIdTaken}. Afterwards the znode is kept up: made again after an
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
  const seen$ = new ReplaySubject<Sighting>(1);
  const made = () => create(session, paths, path, formatReplica(record));
  let registered = false;
  const upkeep = upholding(session, path, made, () => registered, log).subscribe(seen$);
  let holder: Sighting | undefined;
  try {
    const own$ = seen$.pipe(
      tap((sighting) => (holder = sighting)),
      filter(({ own }) => own),
      takeUntil(patienceEnds(session)),
    );
    const own = await firstValueFrom(own$, { defaultValue: undefined });
    registered = own !== undefined;
    if (registered) return new ReplicaRegistration(session, path, upkeep);
  } catch (cause) {
    upkeep.unsubscribe();
    throw new Error(notRegistered(replica, path, errorMessage(cause)), { cause });
  }
  upkeep.unsubscribe();
  const ended = ENDS[session.state.name];
  if (ended !== undefined) throw new Error(notRegistered(replica, path, ended));
  if (holder === undefined)
    throw new Error(notRegistered(replica, path, `not done within ${patienceMs(session)} ms`));
  throw new ReplicaIdTaken(takenMessage(replica, holder.data));
}

function patienceMs(session: ZooKeeperSession): number {
  return session.negotiatedTimeoutMs + EXPIRY_ROUNDING_MS;
}

function patienceEnds(session: ZooKeeperSession): Observable<unknown> {
  return session.state$.pipe(
    switchMap(({ name }) => {
      if (name === 'CONNECTED') return timer(patienceMs(session));
      return name === 'AUTH_FAILED' ? of(name) : NEVER;
    }),
  );
}

/** The znode as it was seen; `own`: this session made it. */
interface Sighting {
  readonly own: boolean;
  readonly data: Uint8Array;
}

/**
 * Sees the znode, and has it made each time that it is missing. A want of rights ends it unless `tireless`, for
 * then the replica serves already.
 */
function upholding(
  session: ZooKeeperSession,
  path: string,
  make: () => Promise<void>,
  tireless: () => boolean,
  log: Logger | undefined,
): Observable<Sighting> {
  // The id stays known while the connection is away, and changes with each new session.
  const sessionId$ = session.state$.pipe(
    filter((state) => state.name === 'CONNECTED'),
    map((state) => state.sessionId),
    distinctUntilChanged(),
  );
  return combineLatest([session.watchData(path), sessionId$]).pipe(
    switchMap(([{ node }, sessionId]) => {
      if (node !== undefined) {
        const own = node.stat.ephemeralOwner === sessionId;
        if (!own) log?.warn({ path, holder: parseReplica(node.data) }, HELD_BY_ANOTHER);
        return [{ own, data: node.data }];
      }
      return defer(make).pipe(
        retry({
          delay: (error) => {
            if (hasNoRight(error) && !tireless()) throw error;
            log?.warn(
              { path, error: errorMessage(error) },
              'the replica could not be registered; trying again',
            );
            return timer(RETRY_MS).pipe(concatMap(() => session.connected()));
          },
        }),
        // The watch tells of the znode that was made.
        ignoreElements(),
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

function hasNoRight(error: unknown): error is ZooKeeperError {
  return error instanceof ZooKeeperError && error.code === 'NO_AUTH';
}

function notRegistered(replica: string, path: string, why: string): string {
  return `the replica ${replica} could not be registered at ${path}: ${why}`;
}

function takenMessage(replica: string, data: Uint8Array): string {
  const holder = parseReplica(data);
  const who = holder === undefined ? '' : ` (pid ${holder.pid} on ${holder.host}, ${holder.url})`;
  return `the replica id ${replica} is held by another live process${who}; stop it, or choose another id with --replica`;
}
