import { fourLetterWord } from '../../src/embedded/loopback-port';
import type { EmbeddedZooKeeper } from '../../src/embedded/zookeeper-server';
import { type Decision, type Lane, seconds } from './lane';
import { pause } from './pause';
import type { Rig } from './rig';

const KINDS = [
  'kill the leader',
  'kill a follower',
  'kill the leader and another',
  'kill two followers',
  'kill all servers',
  'suspend the leader',
  'suspend a follower',
  'wipe a follower',
] as const;
type Kind = (typeof KINDS)[number];

/** Long enough to see that a server that is stopped does not answer. */
const SHORTEST_MS = 300;
const LONGEST_MS = 8000;

/** Servers are killed, stopped and wiped; each time all of them are back before the next thing happens. */
export const serverFaults: Lane = {
  name: 'servers',
  kinds: KINDS,
  decisions(random) {
    const next = random.rounds<Kind>(KINDS);
    return () => {
      const kind = next();
      const forMs = random.between(SHORTEST_MS, LONGEST_MS);
      const words = `${kind}, for ${seconds(forMs)}`;
      const calmMs = random.between(500, 5000);
      const act: Decision['act'] = async (rig, stop) => {
        const took = await faults[kind](rig, (server) => pauseOf(server, forMs, stop));
        return { took, words: await whole(rig) };
      };
      return { kind, words, calmMs, act };
    };
  },
};

/** Lasts for as long as was drawn; tells whether the server answered meanwhile. */
type Wait = (server: EmbeddedZooKeeper) => Promise<{ readonly answered: boolean }>;

const faults: Readonly<Record<Kind, (rig: Rig, wait: Wait) => Promise<boolean>>> = {
  'kill the leader': async (rig, wait) => down([await rig.ensemble.leader()], wait),
  'kill a follower': async (rig, wait) => down([await follower(rig)], wait),
  'kill the leader and another': async (rig, wait) =>
    down([await rig.ensemble.leader(), await follower(rig)], wait),
  'kill two followers': async (rig, wait) => down(await rig.ensemble.followers(), wait),
  'kill all servers': (rig, wait) => down(rig.ensemble.servers, wait),
  'suspend the leader': async (rig, wait) => stopped(await rig.ensemble.leader(), wait),
  'suspend a follower': async (rig, wait) => stopped(await follower(rig), wait),
  // The leader has every write that was acknowledged, and the one that is wiped has it again from there.
  'wipe a follower': async (rig, wait) => {
    const server = await follower(rig);
    const took = server.running;
    await rig.ensemble.wipe(server);
    await wait(server);
    await server.restart();
    return took;
  },
};

async function down(servers: readonly EmbeddedZooKeeper[], wait: Wait): Promise<boolean> {
  const running = servers.filter((server) => server.running);
  await Promise.all(servers.map((server) => server.kill('SIGKILL')));
  const [answers] = await Promise.all(servers.map(wait));
  await Promise.all(servers.map((server) => server.restart()));
  return running.length === servers.length && answers?.answered === false;
}

async function stopped(server: EmbeddedZooKeeper, wait: Wait): Promise<boolean> {
  server.suspend();
  const began = performance.now();
  const { answered } = await wait(server);
  // The end of the run may have cut it short.
  const seen = performance.now() - began >= SHORTEST_MS - 1;
  server.resume();
  return server.running && seen && !answered;
}

async function pauseOf(
  { port }: EmbeddedZooKeeper,
  ms: number,
  stop: AbortSignal,
): Promise<{ answered: boolean }> {
  const seen = { answered: false };
  void fourLetterWord(port, 'srvr', ms).then((answer) => (seen.answered = answer !== ''));
  await pause(ms, stop);
  // As it is now: one that goes on answers late.
  return { ...seen };
}

async function follower({ ensemble }: Rig): Promise<EmbeddedZooKeeper> {
  const [first] = await ensemble.followers();
  if (first === undefined) throw new Error('nobody follows');
  return first;
}

async function whole({ ensemble }: Rig): Promise<string> {
  const began = performance.now();
  await ensemble.whole();
  const leader = ensemble.numberOf(await ensemble.leader());
  return `whole again after ${seconds(performance.now() - began)}, server ${leader} leads`;
}
