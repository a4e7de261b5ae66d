import { cp, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { infer } from '../../support/infer';
import type { ServeProcess } from '../../support/serve-process';
import { temporaryDirectory } from '../../support/temporary-directory';
import type { Fault } from './fault';
import { PATIENCE_MS, ready, type Scene } from './scene';

/** Ends the process as a fault in native code does. */
const CRASH = "process.kill(process.pid, 'SIGSEGV');";
const POISON = -1;
const AS_IT_LOADS = `${CRASH} export default {};`;
const BY_A_REQUEST = `export default {
  preprocess(inputs) {
    if (inputs.input.data[0] === ${POISON}) { ${CRASH} for (;;); }
    return inputs;
  },
};`;

/** Versions that take the process with them, and a supervisor that starts it again at once. */
export const CRASHES: readonly Fault[] = [
  {
    name: 'a version that crashes the process as it is loaded is promoted',
    async measure(scene, seen) {
      await using directory = await temporaryDirectory();
      await withHandler(scene, 'iris', 'crashing', AS_IT_LOADS);
      let replica = await scene.startReplica(directory.path);
      try {
        await ready(replica);
        const zxid = await scene.promote('crashing');
        seen.start();
        await crashed(replica);
        seen.noticed('the first crash');
        replica = await scene.startReplica(directory.path);
        await crashed(replica);
        seen.noticed('the second');
        replica = await scene.startReplica(directory.path);
        await ready(replica);
        seen.over('the version before answers');
        seen.over(`\`${await scene.failure(zxid)}\``);
      } finally {
        await replica[Symbol.asyncDispose]();
        await scene.promote('1');
      }
    },
  },
  {
    name: 'a version crashes the process by a request, three times',
    async measure(scene, seen) {
      await using directory = await temporaryDirectory();
      await scene.write(scene.paths.version('poisoned'), '1');
      await withHandler(scene, 'poisoned', '2', BY_A_REQUEST);
      let replica = await scene.startReplica(directory.path);
      try {
        await serves(replica, '1');
        const zxid = await scene.write(scene.paths.version('poisoned'), '2');
        for (let lives = 0; lives < 3; lives += 1) {
          await serves(replica, '2');
          seen.start();
          await infer(replica.url, 'poisoned', [[POISON]]).catch(() => undefined);
          await crashed(replica);
          replica = await scene.startReplica(directory.path);
        }
        await serves(replica, '1');
        seen.over('the third: the version before answers');
        seen.over(`\`${await scene.failure(zxid, 'poisoned')}\``);
      } finally {
        await replica[Symbol.asyncDispose]();
        await scene.forget('poisoned');
      }
    },
  },
];

/** A version with the files of version 1, and with that handler. */
async function withHandler({ models }: Scene, model: string, version: string, code: string): Promise<void> {
  const folder = join(models, model, version);
  await cp(join(models, model, '1'), folder, { recursive: true });
  await writeFile(join(folder, 'handler.js'), code);
}

async function crashed({ child }: ServeProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (child.signalCode !== 'SIGSEGV') throw new Error(`it ended with ${String(child.exitCode)}`);
}

async function serves({ url }: ServeProcess, version: string): Promise<void> {
  const served = async (): Promise<string | undefined> => (await infer(url, 'poisoned', [[1]])).version;
  await eventually(served, (seen) => seen === version, PATIENCE_MS);
}
