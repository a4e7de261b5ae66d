import { ZooKeeperError } from '../../src/errors';
import { parseStatus } from '../../src/registry/status-record';
import { removeStatus, writeStatus } from '../../src/registry/write-status';
import { connect, idle, write } from '../support/fleet';
import { connectionLost, replacing } from '../support/meddling';
import { registryScene } from '../support/registry-scene';

const scene = registryScene();

describe('the status znode', () => {
  const read = async () => {
    const node = await scene.session.get(scene.paths.status('iris', 'r'));
    return node && parseStatus(node.data);
  };

  it('is made, replaced and removed, and its absence is fine', async () => {
    await removeStatus(scene.session, scene.paths, 'iris', 'r');
    await writeStatus(scene.session, scene.paths, 'iris', idle('r'));
    expect(await read()).toEqual(idle('r'));
    await writeStatus(scene.session, scene.paths, 'iris', { ...idle('r'), phase: 'LOADING' });
    expect((await read())?.phase).toBe('LOADING');
    await removeStatus(scene.session, scene.paths, 'iris', 'r');
    expect(await read()).toBeUndefined();
  });

  it('is written over when it appeared in between', async () => {
    const racing = replacing(scene.session, 'create', async (path: string, data: Uint8Array) => {
      await scene.session.create(path, Buffer.from('by another'));
      return scene.session.create(path, data);
    });
    await writeStatus(racing, scene.paths, 'iris', idle('r'));
    expect(await read()).toEqual(idle('r'));
  });

  it('hands on other trouble', async () => {
    const closed = await connect(scene.zookeeper.connectString);
    await closed[Symbol.asyncDispose]();
    await expect(writeStatus(closed, scene.paths, 'iris', idle('r'))).rejects.toThrow(ZooKeeperError);
    await expect(removeStatus(closed, scene.paths, 'iris', 'r')).rejects.toThrow(ZooKeeperError);
    await write(scene.session, scene.paths.statusDir('iris'), '');
    const refusing = replacing(scene.session, 'create', () => Promise.reject(connectionLost(false)));
    await expect(writeStatus(refusing, scene.paths, 'iris', idle('r'))).rejects.toThrow(/lost/);
  });
});
