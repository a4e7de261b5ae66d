import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { accept, otherWorld } from '../support/other-world';
import { Ensemble } from '../support/ensemble';
import { connect, write } from '../support/fleet';
import { DIGITS, infer, IRIS, irisVersion } from '../support/infer';
import { passes } from '../support/passes';
import { ServeProcess } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';

const WITHIN_MS = 60_000;

/** The status of an answer of digits, and whether iris is answered by version 1 under a config. */
async function answers(url: string): Promise<unknown> {
  const digits = await infer(url, 'digits', [DIGITS.rows[0] ?? []]);
  const iris = await infer(url, 'iris', [IRIS.rows[0] ?? []]);
  return [digits.status, await irisVersion(url), iris.headers.has('zooserve-config-zxid')];
}

test('servers put back to a copy are another ensemble when all that is wrong is what is missing', async () => {
  await using directory = await temporaryDirectory();
  await using ensemble = await Ensemble.start();
  const { connectString } = ensemble;
  const visit = async (path: string, data: string): Promise<void> => {
    await using session = await connect(connectString);
    await write(session, path, data);
  };
  const start = () =>
    ServeProcess.start({
      ...{ zookeeper: connectString, replica: 'one', stateDir: join(directory.path, 'state') },
      args: ['--session-timeout', '2000'],
    });
  await visit('/zooserve/models/iris/version', '1');
  let replica = await start();
  try {
    await passes(async () => {
      expect(await irisVersion(replica.url)).toBe('1');
    }, WITHIN_MS);
    const copies = ensemble.servers.map(({ dataDir }, i) => ({
      data: join(dataDir, 'version-2'),
      copy: join(directory.path, `copy-${i}`),
    }));
    for (const { data, copy } of copies) await cp(data, copy, { recursive: true });
    await visit('/zooserve/models/iris/config', '{"params":{"threshold":0.9}}');
    await visit('/zooserve/models/digits/version', '1');
    await passes(async () => {
      expect(await answers(replica.url)).toEqual([200, '1', true]);
    }, WITHIN_MS);

    await Promise.all(ensemble.servers.map((server) => server.kill('SIGKILL')));
    for (const { data, copy } of copies) {
      await rm(data, { recursive: true });
      await cp(copy, data, { recursive: true });
    }
    await Promise.all(ensemble.servers.map((server) => server.restart()));
    for (const restarted of [false, true]) {
      if (restarted) {
        await replica.end('SIGKILL');
        replica = await start();
      }
      await passes(async () => {
        expect(await otherWorld(replica.url)).toBe(1);
        expect(await answers(replica.url)).toEqual([200, '1', true]);
      }, WITHIN_MS);
    }
    await accept(connectString);
    await passes(async () => {
      expect(await otherWorld(replica.url)).toBe(0);
      expect(await answers(replica.url)).toEqual([expect.any(Number), '1', false]);
    }, WITHIN_MS);
  } finally {
    await replica[Symbol.asyncDispose]();
  }
});
