import type { EnsembleProxy } from '../support/ensemble-proxy';
import { type Decision, type Lane, pause, seconds } from './lane';
import type { Rig } from './rig';

const KINDS = [
  'cut',
  'cut in mid-frame',
  'silence',
  'silence',
  'silence on the way there',
  'silence on the way back',
  'refuse',
  'slow down',
  'expire the session',
] as const;

/** The network between one client, `<what> 1` to `<what> 3`, and all servers breaks in one way or another. */
export function networkFaults(
  name: string,
  what: string,
  networks: (rig: Rig) => readonly EnsembleProxy[],
): Lane {
  return {
    name,
    decide(random): Decision {
      const kind = random.pick(KINDS);
      const index = random.between(0, 2);
      const forMs = random.between(20, 8000);
      const bytes = random.between(1, 60);
      const slowMs = random.between(10, 400);
      const details = {
        'cut in mid-frame': ` after ${bytes} bytes`,
        'slow down': ` by ${slowMs} ms each way, for ${seconds(forMs)}`,
      };
      const lasting = LASTING.has(kind) ? `, for ${seconds(forMs)}` : '';
      const detail = kind in details ? details[kind as keyof typeof details] : lasting;
      return {
        kind,
        words: `${kind}: ${what} ${index + 1}${detail}`,
        calmMs: random.between(100, 4000),
        async act(rig, stop) {
          const network = networks(rig)[index];
          if (network === undefined) throw new Error(`there is no ${what} ${index + 1}`);
          if (kind === 'expire the session') return (await network.expire()) ? undefined : 'it had none';
          await begin[kind](network, { bytes, slowMs });
          if (kind !== 'cut') await pause(forMs, stop);
          await network.heal();
          return undefined;
        },
      };
    },
  };
}

const LASTING: ReadonlySet<string> = new Set([
  'silence',
  'silence on the way there',
  'silence on the way back',
  'refuse',
]);

type Begin = (network: EnsembleProxy, drawn: { bytes: number; slowMs: number }) => void | Promise<void>;

const begin: Readonly<Record<Exclude<(typeof KINDS)[number], 'expire the session'>, Begin>> = {
  cut: (network) => {
    network.cut();
  },
  'cut in mid-frame': (network, { bytes }) => {
    network.cutAfter(bytes);
  },
  silence: (network) => {
    network.blackhole();
  },
  'silence on the way there': (network) => {
    network.blackhole('toServer');
  },
  'silence on the way back': (network) => {
    network.blackhole('toClient');
  },
  refuse: (network) => network.refuse(),
  'slow down': (network, { slowMs }) => {
    network.delay(slowMs);
  },
};
