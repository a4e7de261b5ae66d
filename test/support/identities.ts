import { createHash } from 'node:crypto';
import { openSession, type SessionOptions, type ZooKeeperSession } from '../../src/streams/session';
import { TEST_SESSION_TIMEOUT_MS, type ZooKeeperPlace } from './zookeeper';

export const ANN = 'ann:first-secret';
export const BOB = 'bob:second-secret';

/** A connected session that is `credentials`, `user:password`; without them nobody in particular. */
export async function connectAs(
  zookeeper: ZooKeeperPlace,
  credentials: string | undefined,
  options: Partial<SessionOptions> = {},
): Promise<ZooKeeperSession> {
  const session = openSession({
    connectString: zookeeper.connectString,
    sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
    ...(credentials === undefined ? {} : { auth: { scheme: 'digest', credentials } }),
    ...options,
  });
  await session.connected(AbortSignal.timeout(10_000));
  return session;
}

/** `user:hash`, as an ACL of scheme digest names the identity of `user:password`. */
export function digestId(credentials: string): string {
  const [user = ''] = credentials.split(':');
  return `${user}:${createHash('sha1').update(credentials).digest('base64')}`;
}
