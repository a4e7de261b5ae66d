import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { ServeProcess } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';
import { startTestZooKeeper } from '../support/zookeeper';

/** Subscribes to an observable of no session when the process gets the signal. */
const PRELOAD = `process.on('SIGUSR2', () => {
  require(${JSON.stringify(require.resolve('rxjs'))}).of(1).subscribe(() => {
    throw new Error('a bad subscriber');
  });
});`;

test('a replica in which a subscriber throws logs it and serves on', async () => {
  await using directory = await temporaryDirectory();
  const preload = join(directory.path, 'preload.cjs');
  await writeFile(preload, PRELOAD);
  await using zookeeper = await startTestZooKeeper();
  await using replica = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    nodeOptions: ['--require', preload],
  });
  replica.child.kill('SIGUSR2');
  const line = await eventually(() => replica.logged.find((logged) => logged.includes('a bad subscriber')));
  expect(JSON.parse(line!)).toMatchObject({
    level: 50,
    msg: 'a subscriber threw, or did not handle an error',
    err: { message: 'a bad subscriber' },
  });
  expect((await fetch(`${replica.url}/v2/health/live`)).status).toBe(200);
  expect(await replica.end('SIGTERM')).toBe(0);
});
