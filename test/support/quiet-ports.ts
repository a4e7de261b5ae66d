import { createServer, type Server } from 'node:net';
import { once } from 'node:events';

const LOOPBACK = '127.0.0.1';
/** Below what systems give to outgoing connections (Linux: from 32768), above what services are known by. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/**
 * So many ports of the loopback interface, all different, that nobody listens on at this moment. No outgoing
 * connection is given one of them while its listener is down for a while.
 */
export async function quietPorts(count: number): Promise<number[]> {
  const held: { readonly port: number; readonly server: Server }[] = [];
  try {
    while (held.length < count) {
      const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
      const server = await listening(port);
      if (server !== undefined) held.push({ port, server });
    }
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  }
}

/** Undefined: somebody else listens there. */
async function listening(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
