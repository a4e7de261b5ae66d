import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { errorMessage } from '../errors';

/** The kernel's own limit (`net.core.somaxconn`) is 4096 by default: a burst of connections waits, unrefused. */
const BACKLOG = 4096;

/**
 * Where `server` listens once it does. Rejects with an Error that names the flag to change. Later errors (a
 * connection that the operating system could not hand over) are logged: the others go on.
 */
export async function listen(
  server: Server,
  host: string,
  port: number,
  log: Logger,
): Promise<{ readonly host: string; readonly port: number }> {
  try {
    server.listen({ host, port, backlog: BACKLOG });
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(listenProblem(cause, host, port), { cause });
  }
  server.on('error', (err) => {
    log.warn({ err }, 'a connection could not be accepted');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`not listening on a port: ${host}`);
  return { host: address.address, port: address.port };
}

/** What stands in the way of listening, and which flag to change. */
export function listenProblem(cause: unknown, host: string, port: number): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is taken by another program; choose another with --port (0 takes any free one)`;
    case 'EACCES':
      return `this user may not listen on port ${port}; choose one from 1024 up with --port`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine; choose another with --host (0.0.0.0 takes all of them)`;
    default:
      return `cannot listen on ${host} port ${port} (--host, --port): ${errorMessage(cause)}`;
  }
}
