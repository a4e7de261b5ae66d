import type { Logger } from 'pino';
import type { Metrics } from '../metrics';
import type { ZooKeeperSession } from '../streams/session';
import type { SessionState } from '../streams/session-state';
import { declareHandler } from './event-handler';

const SESSION_STATES: readonly SessionState['name'][] = [
  'CONNECTING',
  'CONNECTED',
  'SUSPENDED',
  'LOST',
  'AUTH_FAILED',
  'CLOSED',
];

export interface ObserveSessionContext {
  readonly session: ZooKeeperSession;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** The state of the ZooKeeper session becomes metrics and log lines. */
export const observeSession = declareHandler<ObserveSessionContext, SessionState>({
  name: 'observe-session',
  trigger: { kind: 'state', events$: ({ session }) => session.state$ },
  note(state, { metrics, log }) {
    for (const name of SESSION_STATES)
      metrics.zookeeperState.set({ state: name }, name === state.name ? 1 : 0);
    metrics.zookeeperStaleSince =
      state.name === 'CONNECTED' ? undefined : (metrics.zookeeperStaleSince ?? Date.now());
    const level =
      state.name === 'CONNECTED' || state.name === 'CONNECTING' || state.name === 'CLOSED' ? 'info' : 'warn';
    log[level]({ zookeeper: state }, `ZooKeeper session: ${state.name}`);
  },
  run: () => Promise.resolve(),
});
