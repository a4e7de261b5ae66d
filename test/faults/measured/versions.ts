import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zooserve } from '../../support/cli';
import type { Fault, Sightings } from './fault';
import { Observed } from './observed';
import type { Scene } from './scene';

/** Versions that cannot be served. */
export const VERSIONS: readonly Fault[] = [
  {
    name: 'a version without a file is promoted',
    measure: (scene, seen) => refused(scene, 'missing', seen),
  },
  {
    name: 'a version whose file is no model is promoted',
    async measure(scene, seen) {
      const file = await fileOf(scene, 'corrupt');
      await writeFile(file, 'no model');
      await refused(scene, 'corrupt', seen);
    },
  },
  {
    name: 'a version with other bytes than were published is promoted',
    async measure(scene, seen) {
      const { status, stderr } = await zooserve(
        ['publish', 'iris', 'changed', join(scene.models, 'iris', '1', 'model.onnx')],
        {
          environment: {
            ZOOSERVE_ZOOKEEPER: scene.ensemble.connectString,
            ZOOSERVE_MODELS: scene.models,
          },
        },
      );
      if (status !== 0) throw new Error(`not published: ${stderr}`);
      await appendFile(await fileOf(scene, 'changed'), 'more');
      await refused(scene, 'changed', seen);
    },
  },
];

async function fileOf({ models }: Scene, version: string): Promise<string> {
  const folder = join(models, 'iris', version);
  await mkdir(folder, { recursive: true });
  return join(folder, 'model.onnx');
}

async function refused(scene: Scene, version: string, seen: Sightings): Promise<void> {
  await using observed = await Observed.start(scene);
  const zxid = await scene.promote(version);
  seen.start();
  seen.noticed(`\`${await scene.failure(zxid)}\``);
  await seen.requests(observed);
  await scene.promote('1');
}
