import { holdSession } from './hold-session';
import type { TcpProxy } from './tcp-proxy';

/**
 * Ends the session that runs through `proxy` on the server while its client is held off, so that the client finds
 * it expired when it comes back. The client must be the only one of the proxy. `others` are proxies by which it
 * might come back too early.
 */
export async function expireSession(proxy: TcpProxy, others: readonly TcpProxy[] = []): Promise<void> {
  const all = [proxy, ...others];
  const held = await holdSession(proxy, all);
  await held.closeSession(5000);
  await Promise.all(all.map((each) => each.heal()));
}
