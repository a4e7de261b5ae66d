import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './eventually';
import { expireSession } from './expire-session';
import type { SeededRandom } from './seeded-random';
import type { SessionThroughProxy } from './session-through-proxy';

const KINDS = ['cut', 'cut in a frame', 'silence', 'half silence', 'refuse', 'expire'] as const;
type Kind = (typeof KINDS)[number];

/** How often a fault of each kind took hold: met with a connection, with bytes, or with a session to expire. */
export type TookHold = Readonly<Partial<Record<Kind, number>>>;

/** A client that has no session may just be about to have one. */
const CONNECTED_WITHIN_MS = 5000;

/**
 * Breaks the connection of one client after another in random ways until `signal` aborts, and heals it each time. A
 * session is expired first, in every run.
 */
export async function breakConnections(
  clients: readonly [SessionThroughProxy, ...SessionThroughProxy[]],
  random: SeededRandom,
  signal: AbortSignal,
): Promise<TookHold> {
  const tookHold: Partial<Record<Kind, number>> = {};
  const next = random.rounds(KINDS);
  for (let kind: Kind = 'expire'; !signal.aborted; kind = next()) {
    const client = random.pick(clients);
    const drawn: Drawn = {
      // Some outages are shorter than the session timeout, some longer.
      outageMs: random.between(20, 1.5 * client.session.negotiatedTimeoutMs),
      bytes: random.between(1, 60),
      direction: random.pick(['toClient', 'toServer']),
    };
    const calmMs = random.between(20, 200);
    await connected(client).catch(() => undefined);
    if (await carryOut(kind, client, drawn)) tookHold[kind] = (tookHold[kind] ?? 0) + 1;
    await client.proxy.heal();
    await sleep(calmMs);
  }
  return tookHold;
}

/** Fails unless faults of several kinds took hold in that run, and clients lost connections and a session by them. */
export function expectBroken(clients: readonly SessionThroughProxy[], tookHold: TookHold): void {
  expect(Object.keys(tookHold)).toContain('expire');
  expect(Object.keys(tookHold).length).toBeGreaterThan(2);
  const names = clients.flatMap((client) => client.names);
  expect(names.filter((name) => name === 'SUSPENDED').length).toBeGreaterThan(1);
  expect(names).toContain('LOST');
}

interface Drawn {
  readonly outageMs: number;
  readonly bytes: number;
  readonly direction: 'toClient' | 'toServer';
}

/** False: it met with nothing. */
async function carryOut(kind: Kind, client: SessionThroughProxy, drawn: Drawn): Promise<boolean> {
  const { proxy } = client;
  const before = proxy.touched;
  if (kind === 'expire')
    return eventually(() => expired(client), Boolean, CONNECTED_WITHIN_MS).catch(() => false);
  if (kind === 'cut') proxy.cut();
  else {
    if (kind === 'cut in a frame') proxy.cutAfter(drawn.bytes);
    else if (kind === 'silence') proxy.blackhole();
    else if (kind === 'half silence') proxy.blackhole(drawn.direction);
    else await proxy.refuse();
    await sleep(drawn.outageMs);
  }
  return proxy.touched > before;
}

/** False: on a busy machine its connection broke or its session ended just then. */
async function expired(client: SessionThroughProxy): Promise<boolean> {
  await connected(client);
  try {
    await expireSession(client.proxy);
    return true;
  } catch {
    await client.proxy.heal();
    return false;
  }
}

async function connected({ session }: SessionThroughProxy): Promise<void> {
  await eventually(() => session.state.name === 'CONNECTED', Boolean, CONNECTED_WITHIN_MS);
}
