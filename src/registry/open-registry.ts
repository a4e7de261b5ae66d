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
    const why = session.lastFailure;
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
  failure: ZooKeeperSession['lastFailure'],
): string {
  if (cause instanceof ZooKeeperError && cause.code === 'AUTH_FAILED') {
    return `ZooKeeper at ${zookeeper} refused the credentials that --auth gave`;
  }
  if (failure?.reason === 'TLS_FAILED')
    return `no TLS connection with ZooKeeper at ${zookeeper}: ${failure.message}`;
  return (
    `cannot reach ZooKeeper at ${zookeeper} within ${sessionTimeoutMs / 1000} s (${failure?.message ?? 'nothing answered'}): ` +
    'is it running there? `npm start` starts one; --zookeeper or ZOOSERVE_ZOOKEEPER names another'
  );
}
