import type { Logger } from 'pino';
import { anySignal } from '../any-signal';
import { ZooKeeperError } from '../errors';
import type { Metrics } from '../metrics';
import type { LastGoodStore } from '../state/last-good-store';
import type { ZooKeeperSession } from '../streams/session';
import type { ServedModels } from './served-models';

/** How long the ensemble is waited for before the last good state is served. */
const PATIENCE_MS = 2000;

export interface StartWithoutZooKeeper {
  readonly store: LastGoodStore;
  readonly session: ZooKeeperSession;
  readonly served: ServedModels;
  readonly replica: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Called once the last good state is acted on. */
  readonly followed: () => void;
}

/**
 * Serves the last good state when the ensemble is not there soon. Resolves when the ensemble is there, or that
 * state is acted on; at once where there is none.
 */
export async function startWithoutZooKeeper(
  start: StartWithoutZooKeeper,
  closing: AbortSignal,
): Promise<void> {
  const { store, session, served, replica, metrics, log, followed } = start;
  const { models, savedAt } = store.found;
  if (models.length === 0 || (await reached(session, PATIENCE_MS, closing))) return;
  if (closing.aborted || session.state.name === 'AUTH_FAILED') return;
  metrics.zookeeperStaleSince = Math.min(savedAt, Date.now());
  log.warn(
    {
      models: models.map(({ model, version }) => `${model}/${version}`),
      since: new Date(savedAt).toISOString(),
    },
    'ZooKeeper is away: the last good state is served',
  );
  await served.reconcile(
    models.map(({ model }) => model),
    replica,
  );
  followed();
}

/** Resolves when the ensemble was reached within a session timeout; rejects when it was not. */
export async function requireZooKeeper(
  session: ZooKeeperSession,
  { zookeeper, sessionTimeoutMs }: { readonly zookeeper: string; readonly sessionTimeoutMs: number },
  closing: AbortSignal,
): Promise<void> {
  if ((await reached(session, sessionTimeoutMs, closing)) || closing.aborted) return;
  throw new Error(
    `ZooKeeper at ${zookeeper} was not reached within ${sessionTimeoutMs / 1000} s, and --require-zookeeper is on` +
      (session.lastFailure === undefined ? '' : ` (${session.lastFailure.message})`),
  );
}

async function reached(session: ZooKeeperSession, withinMs: number, closing: AbortSignal): Promise<boolean> {
  try {
    await session.connected(anySignal([AbortSignal.timeout(withinMs), closing]));
    return true;
  } catch (error) {
    if (error instanceof ZooKeeperError) return false;
    throw error;
  }
}
