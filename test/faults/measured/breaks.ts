import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedZooKeeper } from '../../../src/embedded/zookeeper-server';
import { eventually } from '../../support/eventually';
import { type Cells, requestsOf, shown } from './fault';
import { Observed } from './observed';
import { REPLICA, type Scene, SESSION_TIMEOUT_MS } from './scene';

/** A fault that befalls a replica while it serves. */
interface Break {
  readonly name: string;
  /** Returns how it ends; what can only be written after its end is written then. */
  readonly begin: (scene: Scene) => Promise<() => Promise<unknown>> | (() => Promise<unknown>);
  /** 0: it ends as soon as it has begun. `served`: when the promotion that follows its beginning is. */
  readonly lasts: number | 'served';
  /** The writer cannot reach the ensemble meanwhile either. */
  readonly forAll?: true;
}

const LONG_MS = 1.5 * SESSION_TIMEOUT_MS;

export const BREAKS: readonly Break[] = [
  {
    name: 'its connection is cut',
    lasts: 0,
    begin({ network }) {
      network.cut();
      return () => Promise.resolve();
    },
  },
  { name: 'its server is killed', lasts: 'served', begin: (scene) => kill(attached(scene)) },
  {
    name: 'the leader is killed',
    lasts: 'served',
    begin: async ({ ensemble }) => kill(await ensemble.leader()),
  },
  {
    name: 'its server is killed and wiped, and started again at once',
    lasts: 'served',
    async begin(scene) {
      const server = attached(scene);
      await scene.ensemble.wipe(server);
      const back = server.restart();
      return () => back;
    },
  },
  {
    name: 'its server is stopped (SIGSTOP)',
    lasts: 'served',
    begin(scene) {
      const server = attached(scene);
      server.suspend();
      return async () => {
        server.resume();
        await scene.ensemble.whole();
      };
    },
  },
  {
    name: 'its connection is cut, and the next server is mute',
    lasts: 'served',
    async begin({ network }) {
      await network.cutToMute();
      return () => network.heal();
    },
  },
  { name: 'silence between it and all servers', lasts: LONG_MS, begin: silence() },
  { name: 'what it sends does not arrive', lasts: LONG_MS, begin: silence('toServer') },
  { name: 'what is sent to it does not arrive', lasts: LONG_MS, begin: silence('toClient') },
  {
    name: 'its session is ended by the servers',
    lasts: 0,
    async begin({ network }) {
      await eventually(() => network.expire());
      return () => Promise.resolve();
    },
  },
  {
    name: 'all servers are down for two session timeouts',
    lasts: 2 * SESSION_TIMEOUT_MS,
    forAll: true,
    async begin({ ensemble }) {
      await Promise.all(ensemble.servers.map((server) => server.kill('SIGKILL')));
      return () => Promise.all(ensemble.servers.map((server) => server.restart()));
    },
  },
];

/** Lets one fault happen to a replica that serves, and says when what was seen of it. */
export async function measureBreak(scene: Scene, { begin, lasts, forAll }: Break): Promise<Cells> {
  await using observed = await Observed.start(scene);
  const { load, watch } = observed;
  const version = await scene.other();
  let goneAt: number | undefined;
  const watching = scene.session.watchData(scene.paths.replica(REPLICA)).subscribe(({ node }) => {
    if (node === undefined) goneAt ??= performance.now();
  });
  const beganAt = performance.now();
  const end = await begin(scene);
  const early = forAll === true ? undefined : await scene.promote(version);
  if (typeof lasts === 'number') await sleep(Math.max(0, beganAt + lasts - performance.now()));
  if (lasts !== 'served') await end();
  const endedAt = performance.now();
  const zxid = early ?? (await scene.promote(version));
  await load.answeredUnder(zxid);
  const followedAt = performance.now();
  if (lasts === 'served') await end();
  watching.unsubscribe();
  const connectedAgain = (): number | undefined =>
    watch.first(followedAt, ({ state, ready }) => state === 'CONNECTED' && ready);
  await eventually(connectedAgain, Boolean, 60_000);
  const since = (at: number | undefined): string => (at === undefined ? '-' : shown(at - beganAt));
  return {
    SUSPENDED: since(watch.first(beganAt, ({ state }) => state !== 'CONNECTED')),
    LOST: since(watch.first(beganAt, ({ state }) => state === 'LOST')),
    'its znode gone': since(goneAt),
    followed: shown(followedAt - (lasts === 0 || lasts === 'served' ? beganAt : endedAt)),
    requests: requestsOf(await load.stop()),
    ready: watch.looks.every(({ ready }) => ready) ? 'always' : 'not always',
  };
}

async function kill(server: EmbeddedZooKeeper): Promise<() => Promise<unknown>> {
  await server.kill('SIGKILL');
  return () => server.restart();
}

function silence(...directions: readonly ('toServer' | 'toClient')[]): Break['begin'] {
  return ({ network }) => {
    network.blackhole(...directions);
    return () => network.heal();
  };
}

function attached({ network, ensemble }: Scene): EmbeddedZooKeeper {
  const server = ensemble.servers.find(({ port }) => port === network.serverPort);
  if (server === undefined) throw new Error('the replica is not connected');
  return server;
}
