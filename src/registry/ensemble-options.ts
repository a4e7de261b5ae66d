import { UsageError } from '../errors';
import type { ConnectionSettings } from '../settings';
import type { SessionOptions } from '../streams/session';

/** How a session with the ensemble of the settings is opened. Throws UsageError when they do not fit each other. */
export function ensembleOptions(settings: ConnectionSettings): SessionOptions {
  const { zookeeper, sessionTimeoutMs, auth, acl } = settings;
  if (auth === undefined && acl?.some(({ scheme }) => scheme === 'auth') === true) {
    throw new UsageError('--acl: "auth" means the identity that --auth gives, and there is none');
  }
  return { connectString: zookeeper, sessionTimeoutMs, ...(auth && { auth }), ...(acl && { acl }) };
}
