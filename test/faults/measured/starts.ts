import { acceptWorld } from '../../../src/registry/accept-world';
import { eventually } from '../../support/eventually';
import { infer, IRIS, irisVersion } from '../../support/infer';
import type { ServeProcess } from '../../support/serve-process';
import { shown } from './breaks';
import { Observed, PATIENCE_MS, ready, requestsOf, type Scene } from './scene';
import type { Measure, Timed } from './timed';

/** Starts, versions that cannot be served and an ensemble that was wiped. */
export const STARTS: Readonly<Record<'start' | 'versions' | 'wiped', Measure>> = {
  async start(scene) {
    const timed: Timed[] = [];
    const timeToReady = async (what: string, replica: ServeProcess, since: number): Promise<void> => {
      await ready(replica);
      timed.push({ what: `${what} to ready`, took: shown(performance.now() - since) });
    };
    await scene.signedOff();
    const began = performance.now();
    {
      await using first = await scene.startReplica(true);
      await timeToReady('started: from the start of the process', first, began);
    }
    await (await Observed.start(scene))[Symbol.asyncDispose]();
    await killAll(scene);
    const again = performance.now();
    {
      await using second = await scene.startReplica();
      await timeToReady('without ZooKeeper, but with a last good state: from the start', second, again);
    }
    await using third = await scene.startReplica(true);
    const { status } = await infer(third.url, 'iris', [IRIS.rows[0] ?? []]);
    await restartAll(scene);
    const what = `without ZooKeeper, and for the first time (answers ${status}): from ZooKeeper being there`;
    await timeToReady(what, third, performance.now());
    return timed;
  },

  async versions(scene) {
    await using observed = await Observed.start(scene);
    const timed: Timed[] = [];
    for (const [version, what] of [
      ['missing', 'a version without a file is promoted'],
      ['corrupt', 'a version whose file is no model is promoted'],
    ] as const) {
      const zxid = await scene.promote(version);
      const began = performance.now();
      const code = await eventually(() => failure(scene, zxid), Boolean, PATIENCE_MS);
      timed.push({
        what: `${what}: until its status says ${String(code)}`,
        took: shown(performance.now() - began),
      });
    }
    timed.push({ what: 'requests while those are promoted', took: requestsOf(await observed.load.stop()) });
    await scene.promote('1');
    return timed;
  },

  async wiped(scene) {
    await using observed = await Observed.start(scene);
    for (const server of scene.ensemble.servers) await scene.ensemble.wipe(server);
    await scene.newWriter();
    await restartAll(scene);
    const back = performance.now();
    const noticedAt = await eventually(
      () => observed.watch.first(back, ({ otherWorld }) => otherWorld),
      Boolean,
      PATIENCE_MS,
    );
    const served = await irisVersion(observed.replica.url);
    const other = served === '1' ? '2' : '1';
    await scene.promote(other);
    await acceptWorld(scene.session, scene.paths, { by: 'faults', reason: undefined });
    const accepted = performance.now();
    await eventually(() => irisVersion(observed.replica.url), (seen) => seen === other, PATIENCE_MS); // prettier-ignore
    const followedAt = performance.now();
    return [
      {
        what: 'all servers wiped: from their being there to zooserve_zookeeper_other_world 1',
        took: shown((noticedAt ?? back) - back),
      },
      { what: 'accepted: until what the new ensemble says is served', took: shown(followedAt - accepted) },
      { what: 'requests from the wipe to the acceptance', took: requestsOf(await observed.load.stop()) },
    ];
  },
};

/** The code that the status has for the promotion at `zxid`, once it has failed. */
async function failure(scene: Scene, zxid: string): Promise<string | undefined> {
  const { phase, desired, error } = await scene.status();
  return phase === 'FAILED' && desired?.mzxid === zxid ? error?.code : undefined;
}

async function killAll({ ensemble }: Scene): Promise<void> {
  await Promise.all(ensemble.servers.map((server) => server.kill('SIGKILL')));
}

async function restartAll({ ensemble }: Scene): Promise<void> {
  await Promise.all(ensemble.servers.map((server) => server.restart()));
  await ensemble.whole();
}
