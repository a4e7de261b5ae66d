import { ZooKeeperError } from '../../src/errors';
import { parseStatus } from '../../src/registry/status-record';
import { removeStatus, writeStatus } from '../../src/registry/write-status';
import { connect, freshPaths, idle, write } from '../support/fleet';
import { connectionLost, replacing } from '../support/meddling';
import type { ZnodePaths } from '../../src/registry/paths';
import type { ZooKeeperSession } from '../../src/streams/session';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

let zookeeper: TestZooKeeper;
let session: ZooKeeperSession;
let paths: ZnodePaths;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
  session = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
beforeEach(() => {
  paths = freshPaths();
});

describe('the status znode', () => {
  const read = async () => {
    const node = await session.get(paths.status('iris', 'r'));
    return node && parseStatus(node.data);
  };

  it('is made, replaced and removed, and its absence is fine', async () => {
    await removeStatus(session, paths, 'iris', 'r');
    await writeStatus(session, paths, 'iris', idle('r'));
    expect(await read()).toEqual(idle('r'));
    await writeStatus(session, paths, 'iris', { ...idle('r'), phase: 'LOADING' });
    expect((await read())?.phase).toBe('LOADING');
    await removeStatus(session, paths, 'iris', 'r');
    expect(await read()).toBeUndefined();
  });

  it('is written over when it appeared in between', async () => {
    const racing = replacing(session, 'create', async (path: string, data: Uint8Array) => {
      await session.create(path, Buffer.from('by another'));
      return session.create(path, data);
    });
    await writeStatus(racing, paths, 'iris', idle('r'));
    expect(await read()).toEqual(idle('r'));
  });

  it('hands on other trouble', async () => {
    const closed = await connect(zookeeper.connectString);
    await closed[Symbol.asyncDispose]();
    await expect(writeStatus(closed, paths, 'iris', idle('r'))).rejects.toThrow(ZooKeeperError);
    await expect(removeStatus(closed, paths, 'iris', 'r')).rejects.toThrow(ZooKeeperError);
    await write(session, paths.statusDir('iris'), '');
    const refusing = replacing(session, 'create', () => Promise.reject(connectionLost(false)));
    await expect(writeStatus(refusing, paths, 'iris', idle('r'))).rejects.toThrow(/lost/);
  });
});
