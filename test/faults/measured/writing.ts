import { once } from 'node:events';
import { OWN_AND_READABLE, parseAcl } from '../../../src/acl';
import { eventually } from '../../support/eventually';
import { ServeProcess } from '../../support/serve-process';
import { closeTo, connectAsAnn, openTo } from './ann';
import type { Fault } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, REPLICA } from './scene';

/** What a replica may not write. */
export const WRITING: readonly Fault[] = [
  {
    name: 'it may not register itself, and starts',
    async measure(scene, seen) {
      await using ann = await connectAsAnn(scene, parseAcl('auth::cdrwa'));
      await ann.ensurePath('/closed');
      seen.start();
      await using refused = await ServeProcess.start({
        ...{ zookeeper: scene.ensemble.connectString, replica: 'refused' },
        args: ['--root', '/closed'],
      });
      const [status] = (await once(refused.child, 'exit')) as [number | null];
      seen.over(`ends with status ${String(status)}`);
    },
  },
  {
    name: 'it may not register itself, and serves already',
    async measure(scene, seen) {
      await using observed = await Observed.start(scene);
      const { paths, session } = scene;
      const live = async (): Promise<boolean> => (await session.exists(paths.replica(REPLICA))) !== undefined;
      await closeTo(scene, paths.replicas, OWN_AND_READABLE);
      await eventually(() => scene.network.expire());
      seen.start();
      await observed.logs('the replica could not be registered');
      seen.noticed('its session ended: the log says so');
      if (await live()) throw new Error('it is registered all the same');
      await openTo(scene, paths.replicas);
      seen.start();
      await eventually(live, Boolean, PATIENCE_MS);
      seen.over('allowed: live');
      await seen.requests(observed);
    },
  },
  {
    name: 'it may not write its status',
    async measure(scene, seen) {
      await using ann = await connectAsAnn(scene);
      await using observed = await Observed.start(scene);
      const path = scene.paths.status('iris', REPLICA);
      await ann.multi([
        { op: 'remove', path },
        { op: 'create', path, data: Buffer.from('{}') },
      ]);
      const zxid = await scene.promote(await scene.other());
      seen.start();
      await observed.logs('status not written');
      seen.noticed('a promotion: the log says so');
      await observed.load.answeredUnder(zxid);
      await openTo(scene, path);
      seen.start();
      await eventually(async () => (await scene.status()).desired?.mzxid, (at) => at === zxid, PATIENCE_MS); // prettier-ignore
      seen.over('allowed: written');
      await seen.requests(observed);
    },
  },
];
