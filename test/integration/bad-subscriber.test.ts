import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { ServeProcess } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';
import { startTestZooKeeper } from '../support/zookeeper';

/**
 * The program as the compiler built it, since a bundle has an RxJS of its own. Subscribes to an observable of no
 * session when the process gets the signal. Its first argument is the file that it stands in for.
 */
const PROGRAM = `process.on('SIGUSR2', () => {
  require(${JSON.stringify(require.resolve('rxjs'))}).of(1).subscribe(() => {
    throw new Error('a bad subscriber');
  });
});
void require(${JSON.stringify(require.resolve('../../src/cli/main'))})
  .main(process.argv.slice(3))
  .then((status) => { process.exitCode = status; });`;

test('a replica in which a subscriber throws logs it and serves on', async () => {
  await using directory = await temporaryDirectory();
  const program = join(directory.path, 'program.cjs');
  await writeFile(program, PROGRAM);
  await using zookeeper = await startTestZooKeeper();
  await using replica = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    nodeOptions: [program],
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
