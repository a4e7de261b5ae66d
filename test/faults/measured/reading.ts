import { parseAcl } from '../../../src/acl';
import { eventually } from '../../support/eventually';
import { irisVersion } from '../../support/infer';
import { ServeProcess } from '../../support/serve-process';
import { closeTo, connectAsAnn, openTo } from './ann';
import type { Fault } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, ready, reason, type Scene } from './scene';

const HERS = parseAcl('auth::cdrwa');

/** What a replica may not read. */
export const READING: readonly Fault[] = [
  {
    name: 'a version znode may not be read',
    async measure(scene, seen) {
      await using ann = await connectAsAnn(scene, HERS);
      await using observed = await Observed.start(scene);
      const other = await scene.other();
      const path = scene.paths.version('iris');
      const anew = [
        { op: 'remove', path },
        { op: 'create', path, data: Buffer.from(other) },
      ] as const;
      await ann.multi(anew);
      seen.start();
      await errorIs(scene, 'FETCH_FAILED');
      seen.noticed('`FETCH_FAILED`');
      await scene.session.multi(anew);
      seen.start();
      await eventually(() => irisVersion(observed.replica.url), (served) => served === other, PATIENCE_MS); // prettier-ignore
      seen.over('allowed: followed');
      await seen.requests(observed);
    },
  },
  {
    name: 'the list of models may not be read, some are known',
    async measure(scene, seen) {
      await using observed = await Observed.start(scene);
      const path = scene.paths.modelsDir;
      await closeTo(scene, path, HERS);
      // An access list that changes notifies nobody: it is read again with the next connection.
      scene.network.cut();
      seen.start();
      await errorIs(scene, 'FETCH_FAILED');
      seen.noticed('reconnected: `FETCH_FAILED`');
      await openTo(scene, path);
      seen.start();
      await errorIs(scene, undefined);
      seen.over('allowed: no error in the status');
      await seen.requests(observed);
    },
  },
  {
    name: 'the list of models may not be read, none is known',
    async measure(scene, seen) {
      await using ann = await connectAsAnn(scene, HERS);
      await scene.session.ensurePath('/half-closed');
      await ann.ensurePath('/half-closed/models');
      seen.start();
      await using unread = await ServeProcess.start({
        ...{ zookeeper: scene.ensemble.connectString, replica: 'unread' },
        args: ['--root', '/half-closed'],
      });
      await eventually(() => reason(unread), (why) => why.includes('not allowed'), PATIENCE_MS); // prettier-ignore
      seen.noticed('readiness says so');
      await ann.remove('/half-closed/models');
      await scene.session.ensurePath('/half-closed/models');
      seen.start();
      await ready(unread);
      seen.over('allowed: ready');
    },
  },
];

async function errorIs(scene: Scene, code: string | undefined): Promise<void> {
  await eventually(async () => (await scene.status()).error?.code, (seen) => seen === code, PATIENCE_MS); // prettier-ignore
}
