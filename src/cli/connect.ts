import { openRegistry, type Registry } from '../registry/open-registry';
import { CONNECTION_SETTINGS } from '../settings';
import type { Invocation } from './invocation';

/** Whoever waits longer than this is told what for. */
const SLOW_MS = 1000;

/** The ensemble that the command line names. Throws RegistryUnreachable, with what to do, after a session timeout. */
export async function connect({ terminal, settings }: Invocation): Promise<Registry> {
  const connection = settings(CONNECTION_SETTINGS);
  const slow = setTimeout(() => {
    terminal.transientProgress(`waiting for ZooKeeper at ${connection.zookeeper}`);
  }, SLOW_MS);
  try {
    return await openRegistry(connection);
  } finally {
    clearTimeout(slow);
  }
}
