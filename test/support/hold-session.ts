import { Connection } from '../../src/streams/connection';
import { handshake } from '../../src/streams/handshake';
import { ZERO_ZXID } from '../../src/streams/zxid';
import type { TcpProxy } from './tcp-proxy';

/**
 * Takes over the session that runs through `proxy`, on the server, while its client is held off by all of `proxies`:
 * the session lives as long as the connection that this resolves with, whatever becomes of the client. The client
 * must be the only one of the proxy.
 */
export async function holdSession(
  proxy: TcpProxy,
  proxies: readonly TcpProxy[] = [proxy],
): Promise<Connection> {
  // Length, protocol version, timeout, session id, length of the password, password.
  const greeting = proxy.greeting;
  const grant = {
    timeoutMs: greeting.readInt32BE(8),
    sessionId: Buffer.from(greeting.subarray(12, 20)),
    password: Buffer.from(greeting.subarray(24, 40)),
  };
  await Promise.all(proxies.map((each) => each.refuse()));
  const established = await handshake({
    server: { host: '127.0.0.1', port: proxy.targetPort },
    lastZxid: ZERO_ZXID,
    resume: grant,
    sessionTimeoutMs: grant.timeoutMs,
    auth: undefined,
    tls: undefined,
    deadlineMs: 5000,
    signal: new AbortController().signal,
  });
  const nobody = { onNotification: () => undefined, onEnd: () => undefined };
  return new Connection(established, ZERO_ZXID, '', nobody);
}
