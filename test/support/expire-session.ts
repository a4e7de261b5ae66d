import { Connection } from '../../src/streams/connection';
import { handshake } from '../../src/streams/handshake';
import { ZERO_ZXID } from '../../src/streams/zxid';
import type { TcpProxy } from './tcp-proxy';

/**
 * Ends the session that runs through `proxy` on the server while its client is held off, so that the client finds
 * it expired when it comes back. The client must be the only one of the proxy. `others` are proxies by which it
 * might come back too early.
 */
export async function expireSession(proxy: TcpProxy, others: readonly TcpProxy[] = []): Promise<void> {
  // Length, protocol version, timeout, session id, length of the password, password.
  const greeting = proxy.greeting;
  const grant = {
    timeoutMs: greeting.readInt32BE(8),
    sessionId: Buffer.from(greeting.subarray(12, 20)),
    password: Buffer.from(greeting.subarray(24, 40)),
  };
  const all = [proxy, ...others];
  await Promise.all(all.map((each) => each.refuse()));
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
  await new Connection(established, ZERO_ZXID, '', nobody).closeSession(5000);
  await Promise.all(all.map((each) => each.heal()));
}
