import type { Logger } from 'pino';
import { ZooKeeperError } from '../errors';
import type { ConnectionSettings } from '../settings';
import { openSession, type ZooKeeperSession } from '../streams/session';
import { ensembleOptions } from './ensemble-options';
import { ZnodePaths } from './paths';

/** A session with the ensemble, and where everything lives there. Disposing closes the session. */
export interface Registry extends AsyncDisposable {
  readonly session: ZooKeeperSession;
  readonly paths: ZnodePaths;
}

/** The ensemble could not be reached, or did not let this client in; the message says what to do. */
export class RegistryUnreachable extends Error {
  override readonly name = 'RegistryUnreachable';
}

/**
 * Connects for a piece of one-shot work: resolves once connected. Throws {@link RegistryUnreachable} when that
 * takes longer than a session timeout.
 */
export async function openRegistry(settings: ConnectionSettings, log?: Logger): Promise<Registry> {
  const session = openSession({ ...ensembleOptions(settings), ...(log && { log }) });
  try {
    await session.connected(AbortSignal.timeout(settings.sessionTimeoutMs));
  } catch (cause) {
    const why = session.lastFailure?.message;
    await session[Symbol.asyncDispose]();
    throw new RegistryUnreachable(unreachable(settings, cause, why), { cause });
  }
  return {
    session,
    paths: new ZnodePaths(settings.root, settings.pinned),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

function unreachable(
  { zookeeper, sessionTimeoutMs }: ConnectionSettings,
  cause: unknown,
  why = 'nothing answered',
): string {
  if (cause instanceof ZooKeeperError && cause.code === 'AUTH_FAILED') {
    return `ZooKeeper at ${zookeeper} refused the credentials that --auth gave`;
  }
  return (
    `cannot reach ZooKeeper at ${zookeeper} within ${sessionTimeoutMs / 1000} s (${why}): is it running there? ` +
    '`npm start` starts one; --zookeeper or ZOOSERVE_ZOOKEEPER names another'
  );
}
