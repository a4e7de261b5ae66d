import type { ZooKeeperSession } from '../../src/streams/session';
import { ExampleProcess } from '../support/example-process';
import { connect } from '../support/fleet';
import { ServeProcess } from '../support/serve-process';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  session = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

const start = (...args: readonly string[]) =>
  new ExampleProcess('model-version', ['--zookeeper', zookeeper.connectString, ...args]);

it('creates, updates and rolls back the version of a model, and the predictions follow', async () => {
  await using server = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'example',
    args: ['--model', 'iris=/ml_model_version'],
  });
  await using example = start('--url', server.url);
  expect([await example.end(), example.output]).toEqual([0, expect.any(String)]);
  const told = example.lines.map((line) => line.replace(/after \d+ ms/, 'after a while'));
  const first = 'version 1 answers after a while; probabilities 0.001 0.464 0.534';
  expect(told).toEqual([
    '/ml_model_version is created as 1',
    `  ${first}`,
    '/ml_model_version is set to 2',
    expect.stringMatching(/^ {2}version 2 answers after a while; probabilities( 0\.\d{3}){3}$/) as unknown,
    '/ml_model_version is set to 1',
    `  ${first}`,
  ]);
  expect(told[3]).not.toContain('0.001 0.464 0.534');
  expect((await session.get('/ml_model_version'))?.data.toString()).toBe('1');
});

it('says so when nobody answers', async () => {
  await using example = start('--url', 'http://127.0.0.1:1');
  expect(await example.end()).toBe(1);
  expect(example.lines.at(-1)).toBe('nobody answers at http://127.0.0.1:1; npm start does');
});

it('ends cleanly while it waits for a version that is not there', async () => {
  await using server = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'example',
    args: ['--model', 'iris=/ml_model_version'],
  });
  // The server does not follow this one.
  await using example = start('--url', server.url, '--znode', '/other_version');
  await example.prints('/other_version is set to 2\n');
  expect(await example.end('SIGTERM')).toBe(0);
});
