import type { EnsembleProxy } from '../support/ensemble-proxy';
import { eventually } from '../support/eventually';
import { type Lane, seconds } from './lane';
import { pause } from './pause';
import type { Rig } from './rig';

/** Drawn more than once: it comes as much more often. */
const KINDS = [
  'cut',
  'cut in mid-frame',
  'silence',
  'silence',
  'silence on the way there',
  'silence on the way back',
  'silence one way, then both',
  'refuse',
  'slow down',
  'expire the session',
] as const;
type Kind = (typeof KINDS)[number];

/** Clients that are at peace say something every third of a session timeout. */
const SHORTEST_MS = 1000;
const LONGEST_MS = 8000;
/** A client that has none may just be about to have a connection. */
const CONNECTED_WITHIN_MS = 5000;

/** The network between one client, `<what> 1` to `<what> 3`, and all servers breaks in one way or another. */
export function networkFaults(
  name: string,
  what: string,
  networks: (rig: Rig) => readonly EnsembleProxy[],
): Lane {
  return {
    name,
    kinds: [...new Set(KINDS)],
    decisions(random) {
      const next = random.rounds<Kind>(KINDS);
      return () => {
        const kind = next();
        const index = random.between(0, 2);
        const drawn: Drawn = {
          forMs: random.between(SHORTEST_MS, LONGEST_MS),
          bytes: random.between(1, 60),
          slowMs: random.between(10, 400),
          first: random.pick(['toServer', 'toClient']),
        };
        return {
          kind,
          words: `${kind}: ${what} ${index + 1}${details[kind]?.(drawn) ?? `, for ${seconds(drawn.forMs)}`}`,
          calmMs: random.between(100, 4000),
          async act(rig, stop) {
            const network = networks(rig)[index];
            if (network === undefined) throw new Error(`there is no ${what} ${index + 1}`);
            if (kind === 'expire the session') return { took: await expired(network) };
            await connected(network);
            const before = network.touched;
            await faults[kind](network, drawn, stop);
            const took = network.touched > before;
            await network.heal();
            return { took };
          },
        };
      };
    },
  };
}

interface Drawn {
  readonly forMs: number;
  readonly bytes: number;
  readonly slowMs: number;
  readonly first: 'toServer' | 'toClient';
}

const nothing = (): string => '';

const details: Readonly<Partial<Record<Kind, (drawn: Drawn) => string>>> = {
  cut: nothing,
  'expire the session': nothing,
  'cut in mid-frame': ({ bytes }) => ` after ${bytes} bytes`,
  'slow down': ({ slowMs, forMs }) => ` by ${slowMs} ms each way, for ${seconds(forMs)}`,
  'silence one way, then both': ({ first, forMs }) =>
    `, ${first === 'toServer' ? 'there' : 'back'} first, for ${seconds(forMs)}`,
};

type Fault = (network: EnsembleProxy, drawn: Drawn, stop: AbortSignal) => Promise<unknown>;

const faults: Readonly<Record<Exclude<Kind, 'expire the session'>, Fault>> = {
  cut(network) {
    network.cut();
    return Promise.resolve();
  },
  /** Until it has happened. */
  'cut in mid-frame': async (network, { bytes, forMs }, stop) => {
    const before = network.touched;
    network.cutAfter(bytes);
    await eventually(() => stop.aborted || network.touched > before, Boolean, forMs).catch(() => undefined);
  },
  silence: silence(),
  'silence on the way there': silence('toServer'),
  'silence on the way back': silence('toClient'),
  'silence one way, then both': async (network, { first, forMs }, stop) => {
    network.blackhole(first);
    await pause(forMs / 2, stop);
    network.blackhole();
    await pause(forMs / 2, stop);
  },
  refuse: async (network, { forMs }, stop) => {
    await network.refuse();
    await pause(forMs, stop);
  },
  'slow down': async (network, { slowMs, forMs }, stop) => {
    network.delay(slowMs);
    await pause(forMs, stop);
  },
};

function silence(...directions: ('toServer' | 'toClient')[]): Fault {
  return async (network, { forMs }, stop) => {
    network.blackhole(...directions);
    await pause(forMs, stop);
  };
}

async function connected(network: EnsembleProxy): Promise<void> {
  await eventually(() => network.serverPort, Boolean, CONNECTED_WITHIN_MS).catch(() => undefined);
}

async function expired(network: EnsembleProxy): Promise<boolean> {
  return eventually(() => network.expire(), Boolean, CONNECTED_WITHIN_MS).catch(() => false);
}
