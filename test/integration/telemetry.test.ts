import { readdir } from 'node:fs/promises';
import { promote } from '../../src/registry/promote';
import { ZnodePaths } from '../../src/registry/paths';
import { connect } from '../support/fleet';
import { irisVersion } from '../support/infer';
import { passes } from '../support/passes';
import { ServeProcess } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';
import { startTestZooKeeper } from '../support/zookeeper';

test('ONNX Runtime reports nothing, and leaves nothing in the folder for temporary files', async () => {
  await using zookeeper = await startTestZooKeeper();
  await using session = await connect(zookeeper.connectString);
  await promote(session, new ZnodePaths('/zooserve'), { model: 'iris', version: '1', by: 'test' });
  await using scratch = await temporaryDirectory();
  const { connectString } = zookeeper;
  await using replica = await ServeProcess.start({
    zookeeper: connectString,
    replica: 'one',
    scratch: scratch.path,
    stateDir: `${scratch.path}/state`,
  });
  await passes(async () => {
    expect(await irisVersion(replica.url)).toBe('1');
  }, 30_000);
  await replica.end('SIGTERM');
  expect(await readdir(scratch.path)).toEqual(['state']);
});
