import { once } from 'node:events';
import { infer, IRIS } from '../../support/infer';
import type { ServeProcess } from '../../support/serve-process';
import { eventually } from '../../support/eventually';
import type { Fault } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, ready, reason, type Scene } from './scene';

/** Starts, and what may be in their way. */
export const STARTS: readonly Fault[] = [
  {
    name: 'nothing, for comparison',
    async measure(scene, seen) {
      await scene.signedOff();
      seen.start();
      await using replica = await scene.startFresh();
      await ready(replica);
      seen.over('ready');
    },
  },
  {
    name: 'all servers are down, served before',
    async measure(scene, seen) {
      await leaveLastGood(scene);
      await scene.killAll();
      seen.start();
      await using replica = await scene.startReplica();
      await ready(replica);
      seen.over('ready');
      await scene.restartAll();
    },
  },
  {
    name: 'all servers are down, for the first time',
    async measure(scene, seen) {
      await scene.signedOff();
      await scene.killAll();
      seen.start();
      await using replica = await scene.startFresh();
      seen.noticed(`answers ${await answerOf(replica)}`);
      await scene.restartAll();
      seen.start();
      await ready(replica);
      seen.over('they are back: ready');
    },
  },
  {
    name: 'all servers are mute, served before',
    async measure(scene, seen) {
      await leaveLastGood(scene);
      const version = await scene.other();
      scene.network.blackhole();
      seen.start();
      await using replica = await scene.startReplica();
      await ready(replica);
      seen.noticed('ready');
      await using observed = Observed.of(replica);
      const zxid = await scene.promote(version);
      await scene.network.heal();
      seen.start();
      await observed.load.answeredUnder(zxid);
      seen.over('they answer: a promotion made meanwhile is followed');
      await seen.requests(observed);
    },
  },
  {
    name: 'all servers are mute, for the first time',
    async measure(scene, seen) {
      await scene.signedOff();
      scene.network.blackhole();
      seen.start();
      await using replica = await scene.startFresh();
      const why = await eventually(() => reason(replica), (text) => text.includes(': '), PATIENCE_MS); // prettier-ignore
      seen.noticed(`\`${why}\``);
      await scene.network.heal();
      seen.start();
      await ready(replica);
      seen.over('they answer: ready');
    },
  },
  {
    name: 'another session has its name, and keeps it',
    async measure(scene, seen) {
      await using holder = await Observed.start(scene);
      seen.start();
      await using second = await scene.startFresh();
      const ended = once(second.child, 'exit');
      seen.noticed(`answers ${await answerOf(second)}`);
      const [status] = (await ended) as [number | null];
      seen.over(`ends with status ${String(status)}`);
      await seen.requests(holder);
    },
  },
];

/** Has a replica serve what is promoted, and end. */
async function leaveLastGood(scene: Scene): Promise<void> {
  await (await Observed.start(scene))[Symbol.asyncDispose]();
  await scene.signedOff();
}

async function answerOf({ url }: ServeProcess): Promise<number> {
  return (await infer(url, 'iris', [IRIS.rows[0] ?? []])).status;
}
