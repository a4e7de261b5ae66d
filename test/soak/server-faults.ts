import type { EmbeddedZooKeeper } from '../../src/embedded/zookeeper-server';
import { type Decision, type Lane, pause, seconds } from './lane';
import type { Rig } from './rig';

type Whom = 'the leader' | 'a follower';

/** Servers are killed, stopped and wiped; each time all of them are back before the next thing happens. */
export const serverFaults: Lane = {
  name: 'servers',
  decide(random) {
    const kind: Kind = random.pick(['kill', 'kill', 'suspend', 'suspend', 'wipe', 'kill two', 'kill all']);
    const whom: Whom = random.pick(['the leader', 'a follower']);
    const forMs = random.between(0, 8000);
    return { ...decisions[kind](whom, forMs), calmMs: random.between(500, 5000) };
  },
};

type Kind = 'kill' | 'suspend' | 'wipe' | 'kill two' | 'kill all';
type Uncalmed = Omit<Decision, 'calmMs'>;

const decisions: Readonly<Record<Kind, (whom: Whom, forMs: number) => Uncalmed>> = {
  kill: (whom, forMs) => down(`kill ${whom}`, forMs, async (rig) => [await found(rig, whom)]),
  suspend: (whom, forMs) => ({
    kind: `suspend ${whom}`,
    words: `suspend ${whom} for ${seconds(forMs)}`,
    async act(rig, stop) {
      const server = await found(rig, whom);
      server.suspend();
      await pause(forMs, stop);
      server.resume();
      return whole(rig);
    },
  }),
  // The leader has every write that was acknowledged, and the one that is wiped has it again from there.
  wipe: (_whom, forMs) => ({
    kind: 'wipe a follower',
    words: `wipe a follower, and start it after ${seconds(forMs)}`,
    async act(rig, stop) {
      const server = await found(rig, 'a follower');
      await rig.ensemble.wipe(server);
      await pause(forMs, stop);
      await server.restart();
      return whole(rig);
    },
  }),
  'kill two': (whom, forMs) =>
    down(`kill ${whom} and another`, forMs, async (rig) => {
      const one = await found(rig, whom);
      const another = rig.ensemble.servers.find((server) => server !== one);
      return another === undefined ? [one] : [one, another];
    }),
  'kill all': (_whom, forMs) =>
    down('kill all servers', forMs, (rig) => Promise.resolve(rig.ensemble.servers)),
};

function down(
  kind: string,
  forMs: number,
  choose: (rig: Rig) => Promise<readonly EmbeddedZooKeeper[]>,
): Uncalmed {
  return {
    kind,
    words: `${kind}, for ${seconds(forMs)}`,
    async act(rig, stop) {
      const servers = await choose(rig);
      await Promise.all(servers.map((server) => server.kill('SIGKILL')));
      await pause(forMs, stop);
      await Promise.all(servers.map((server) => server.restart()));
      return whole(rig);
    },
  };
}

async function found({ ensemble }: Rig, whom: Whom): Promise<EmbeddedZooKeeper> {
  const leader = await ensemble.leader();
  if (whom === 'the leader') return leader;
  const [follower] = await ensemble.followers();
  return follower ?? leader;
}

async function whole({ ensemble }: Rig): Promise<string> {
  const began = performance.now();
  await ensemble.whole();
  const leader = ensemble.numberOf(await ensemble.leader());
  return `whole again after ${seconds(performance.now() - began)}, server ${leader} leads`;
}
