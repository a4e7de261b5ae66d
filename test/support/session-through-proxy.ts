import { openSession, type SessionOptions, type ZooKeeperSession } from '../../src/streams/session';
import type { SessionState } from '../../src/streams/session-state';
import { TcpProxy } from './tcp-proxy';
import { TEST_SESSION_TIMEOUT_MS, type ZooKeeperPlace } from './zookeeper';

export interface SeenState {
  readonly state: SessionState;
  /** `performance.now()` */
  readonly at: number;
}

export interface SessionThroughProxy extends AsyncDisposable {
  readonly session: ZooKeeperSession;
  readonly proxy: TcpProxy;
  /** Every state so far, the first one included. */
  readonly states: readonly SeenState[];
  readonly names: readonly string[];
}

/** Every state of the session from now on, the present one first. */
export function statesOf(session: ZooKeeperSession): readonly SeenState[] {
  const states: SeenState[] = [];
  session.state$.subscribe((state) => {
    states.push({ state, at: performance.now() });
  });
  return states;
}

/** A connected session whose only way to the server is a proxy that the test can break. */
export async function openThroughProxy(
  zookeeper: ZooKeeperPlace,
  options: Partial<SessionOptions> = {},
): Promise<SessionThroughProxy> {
  const proxy = await TcpProxy.start(zookeeper.port);
  const session = openSession({
    connectString: proxy.connectString + zookeeper.chroot,
    sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
    ...options,
  });
  const states = statesOf(session);
  await session.connected();
  return {
    session,
    proxy,
    states,
    get names() {
      return states.map(({ state }) => state.name);
    },
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}
