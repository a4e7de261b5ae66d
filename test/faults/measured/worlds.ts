import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptWorld } from '../../../src/registry/accept-world';
import { eventually } from '../../support/eventually';
import { irisVersion } from '../../support/infer';
import { temporaryDirectory } from '../../support/temporary-directory';
import type { Fault, Sightings } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, type Scene } from './scene';

/** An ensemble that is not what it was. */
export const WORLDS: readonly Fault[] = [
  {
    name: 'all servers are restored from an older copy',
    async measure(scene, seen) {
      await using observed = await Observed.start(scene);
      await using directory = await temporaryDirectory();
      const { ensemble } = scene;
      const copies = ensemble.servers.map((server) => ({
        server,
        data: join(server.dataDir, 'version-2'),
        copy: join(directory.path, String(ensemble.numberOf(server))),
      }));
      for (const { data, copy } of copies) await cp(data, copy, { recursive: true });
      await observed.load.answeredUnder(await scene.promote(await scene.other()));
      await scene.killAll();
      for (const { server, data, copy } of copies) {
        await ensemble.wipe(server);
        await cp(copy, data, { recursive: true });
      }
      await comeBack(scene, observed, seen);
    },
  },
  {
    name: 'all servers are wiped',
    async measure(scene, seen) {
      await using observed = await Observed.start(scene);
      await scene.killAll();
      for (const server of scene.ensemble.servers) await scene.ensemble.wipe(server);
      await comeBack(scene, observed, seen);
    },
  },
];

/** Starts the servers, and has them accepted once it shows that they are others. */
async function comeBack(scene: Scene, observed: Observed, seen: Sightings): Promise<void> {
  await scene.newWriter();
  await scene.restartAll();
  seen.start();
  await eventually(() => observed.watch.looks.at(-1)?.otherWorld, Boolean, PATIENCE_MS);
  seen.noticed('`other_world` 1');
  const other = (await irisVersion(observed.replica.url)) === '1' ? '2' : '1';
  await scene.promote(other);
  await acceptWorld(scene.session, scene.paths, { by: 'faults', reason: undefined });
  seen.start();
  await eventually(() => irisVersion(observed.replica.url), (served) => served === other, PATIENCE_MS); // prettier-ignore
  seen.over('accepted: followed');
  await seen.requests(observed);
}
