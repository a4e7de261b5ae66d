import { eventually } from '../../support/eventually';
import { Observed, PATIENCE_MS, ready, type Scene } from './scene';
import { type Measure, Times } from './timed';

/** Servers that take connections and say nothing, from before a replica is started. */
export const MUTE: Readonly<Record<'mute', Measure>> = {
  async mute(scene: Scene) {
    await (await Observed.start(scene))[Symbol.asyncDispose]();
    await scene.signedOff();
    const times = new Times();
    const version = await scene.other();
    scene.network.blackhole();
    times.start();
    {
      await using former = await scene.startReplica();
      await ready(former);
      times.note('all servers are mute from the start, with a last good state: from the start to ready');
      await using observed = Observed.of(former);
      const zxid = await scene.promote(version);
      await scene.network.heal();
      times.start();
      await observed.load.answeredUnder(zxid);
      times.note('they answer: until a promotion made meanwhile is followed');
      await times.requests('until then', observed);
    }
    await scene.signedOff();
    scene.network.blackhole();
    times.start();
    await using first = await scene.startReplica(true);
    const why = await eventually(() => reason(first.url), (text) => text.includes(': '), PATIENCE_MS); // prettier-ignore
    times.note(`mute from the start, and for the first time: until readiness says ${JSON.stringify(why)}`);
    await scene.network.heal();
    times.start();
    await ready(first);
    times.note('they answer: until it is ready');
    return times.timed;
  },
};

/** Why the replica is not ready. */
export async function reason(url: string): Promise<string> {
  return (await fetch(`${url}/v2/health/ready`)).headers.get('zooserve-unready') ?? '';
}
