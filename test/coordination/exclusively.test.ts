import { exclusively } from '../../src/coordination/exclusively';
import type { ZooKeeperSession } from '../../src/streams/session';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { watchingData } from '../support/server-watches';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
/** Looks on and meddles. */
let other: ZooKeeperSession;
let count = 0;
let directory: string;

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  [session, other] = await Promise.all([connect(zookeeper.connectString), connect(zookeeper.connectString)]);
});
afterAll(async () => {
  await Promise.all([session, other].map((one) => one[Symbol.asyncDispose]()));
  await zookeeper[Symbol.asyncDispose]();
});
beforeEach(() => {
  directory = `/locks/test-${++count}`;
});
afterEach(async () => {
  await watchingData(zookeeper, 0);
});

const queue = async (): Promise<readonly string[]> => (await other.children(directory))?.names ?? [];

describe('exclusively', () => {
  it('gives what the task gives, and passes on what it throws, with the lock released', async () => {
    expect(await exclusively(session, directory, () => Promise.resolve(7))).toBe(7);
    const failing = exclusively(session, directory, () => Promise.reject(new Error('broke')));
    await expect(failing).rejects.toThrow('broke');
    expect(await queue()).toEqual([]);
  });

  it('tells the task by its signal when the lock is lost or the caller gives up', async () => {
    const giveUp = new AbortController();
    let begun = 0;
    const told = (_: unknown, signal: AbortSignal) =>
      new Promise((resolve) => {
        begun += 1;
        signal.addEventListener('abort', () => {
          resolve(signal.reason);
        });
      });
    const losing = exclusively(session, directory, told, { signal: giveUp.signal });
    await eventually(() => begun === 1);
    const [own] = await eventually(queue, (names) => names.length === 1);
    await other.remove(`${directory}/${own!}`);
    expect(await losing).toMatchObject({ code: 'NOT_HELD' });
    const stopping = exclusively(session, directory, told, { signal: giveUp.signal });
    await eventually(() => begun === 2);
    giveUp.abort('stop');
    expect(await stopping).toBe('stop');
  });
});
