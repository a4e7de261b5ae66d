import { setTimeout as sleep } from 'node:timers/promises';
import { expireSession } from './expire-session';
import type { SeededRandom } from './seeded-random';
import type { SessionThroughProxy } from './session-through-proxy';

/** Breaks the connection of one client after another in random ways until `signal` aborts, and heals it each time. */
export async function breakConnections(
  clients: readonly [SessionThroughProxy, ...SessionThroughProxy[]],
  random: SeededRandom,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const done: Record<string, number> = {};
  while (!signal.aborted) {
    const { proxy, session } = random.pick(clients);
    const fault = random.pick(['cut', 'cut in a frame', 'silence', 'half silence', 'refuse', 'expire']);
    // Some outages are shorter than the session timeout, some longer.
    const outageMs = random.between(20, 1.5 * session.negotiatedTimeoutMs);
    const calmMs = random.between(20, 200);
    done[fault] = (done[fault] ?? 0) + 1;
    if (fault === 'cut') proxy.cut();
    else if (fault === 'cut in a frame') proxy.cutAfter(random.between(1, 60));
    else if (fault === 'silence') proxy.blackhole();
    else if (fault === 'half silence') proxy.blackhole(random.pick(['toClient', 'toServer']));
    else if (fault === 'refuse') await proxy.refuse();
    // Nothing to expire while there is no session; the server may not answer either.
    else if (session.state.name === 'CONNECTED') await expireSession(proxy).catch(() => undefined);
    if (fault !== 'cut' && fault !== 'expire') await sleep(outageMs);
    await proxy.heal();
    await sleep(calmMs);
  }
  return done;
}
