import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually';
import { irisVersion } from '../../support/infer';
import type { Fault } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, ready, REPLICA, type Scene, SESSION_TIMEOUT_MS } from './scene';

/** The process as a whole. */
export const PROCESSES: readonly Fault[] = [
  {
    name: 'the process is killed (SIGKILL), and started again at once',
    async measure(scene, seen) {
      await using observed = await Observed.start(scene);
      await observed.lookAway();
      seen.start();
      await observed.replica.end('SIGKILL');
      await using again = await scene.startReplica();
      seen.noticed('it listens');
      await ready(again);
      if ((await irisVersion(again.url)) === undefined) throw new Error('it is ready, and does not answer');
      seen.over('ready, and answers');
    },
  },
  {
    name: 'the process is stopped (SIGSTOP) for longer than its session',
    async measure(scene, seen) {
      await using observed = await Observed.start(scene);
      const { child } = observed.replica;
      let zxid: string;
      child.kill('SIGSTOP');
      try {
        seen.start();
        zxid = await scene.promote(await scene.other());
        await isLive(scene, false);
        seen.noticed('not live');
        await sleep(SESSION_TIMEOUT_MS / 2);
      } finally {
        child.kill('SIGCONT');
      }
      seen.start();
      await observed.load.answeredUnder(zxid);
      seen.over('it goes on: a promotion made meanwhile is followed');
      await isLive(scene, true);
      seen.over('live');
      await seen.requests(observed);
    },
  },
];

/** Waits until the others can see that the replica is there, or that it is not. */
async function isLive({ session, paths }: Scene, live: boolean): Promise<void> {
  const node = (): Promise<unknown> => session.exists(paths.replica(REPLICA));
  await eventually(node, (seen) => (seen !== undefined) === live, PATIENCE_MS);
}
