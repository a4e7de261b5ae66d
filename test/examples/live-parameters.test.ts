import { DEFAULTS, parseParameters } from '../../examples/live-parameters/parameters';
import type { ZooKeeperSession } from '../../src/streams/session';
import { ExampleProcess } from '../support/example-process';
import { connect } from '../support/fleet';
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

it('hands each change to the running task, and keeps the last good one', async () => {
  await using example = new ExampleProcess('live-parameters', ['--zookeeper', zookeeper.connectString]);
  await example.prints('(learning_rate 0.01, batch_size 32)');
  expect((await session.get('/ml_task'))?.data.toString()).toBe('{"learning_rate":0.01,"batch_size":32}');

  await session.set('/ml_task', Buffer.from('{"learning_rate":0.5,"batch_size":8}'));
  await example.prints('parameters {"learning_rate":0.5,"batch_size":8}\n');
  await example.prints('(learning_rate 0.5, batch_size 8)');

  await session.set('/ml_task', Buffer.from('{"learning_rate":7}'));
  await example.prints('REFUSED: learning_rate is 7; above 0 and up to 1 is wanted\n');
  await example.prints('  going on with {"learning_rate":0.5,"batch_size":8}\n');

  await session.remove('/ml_task');
  await example.prints('parameters {"learning_rate":0.01,"batch_size":32}, the defaults\n');
  // What was refused never reached the task.
  expect(example.output).not.toContain('(learning_rate 7');
  expect(await example.end('SIGTERM')).toBe(0);
  expect(example.lines.at(-1)).toBe('ended');
});

describe('parameters', () => {
  it('may be left to their defaults', () => {
    expect(parseParameters(Buffer.from('{}'))).toEqual(DEFAULTS);
    expect(parseParameters(Buffer.from('{"batch_size":1024}'))).toEqual({ ...DEFAULTS, batch_size: 1024 });
  });

  it.each([
    ['', /JSON/],
    ['7', /an object/],
    ['[]', /an object/],
    ['null', /an object/],
    ['{"momentum":1}', /no parameter "momentum"/],
    ['{"toString":1}', /no parameter "toString"/],
    ['{"learning_rate":0}', /learning_rate is 0/],
    ['{"learning_rate":"1"}', /learning_rate is "1"/],
    ['{"batch_size":1.5}', /batch_size is 1.5/],
    ['{"batch_size":1025}', /batch_size is 1025/],
    ['{"batch_size":null}', /batch_size is null/],
  ])('%s are refused', (text, why) => {
    expect(() => parseParameters(Buffer.from(text))).toThrow(why);
  });
});
