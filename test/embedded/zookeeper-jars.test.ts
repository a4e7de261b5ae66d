import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { locateZooKeeper } from '../../src/embedded/zookeeper-jars';
import { temporaryDirectory } from '../support/temporary-directory';

describe('locateZooKeeper', () => {
  it('finds the jars of a release, and its logging configuration', async () => {
    await using home = await temporaryDirectory();
    await mkdir(join(home.path, 'lib'));
    for (const jar of ['zookeeper-3.9.3.jar', 'zookeeper-jute-3.9.3.jar', 'README.txt']) {
      await writeFile(join(home.path, 'lib', jar), '');
    }
    expect(locateZooKeeper({ ZOOKEEPER_HOME: home.path }).split(delimiter)).toEqual([
      join(home.path, 'conf'),
      join(home.path, 'lib/zookeeper-3.9.3.jar'),
      join(home.path, 'lib/zookeeper-jute-3.9.3.jar'),
    ]);
  });

  it('finds jars that lie in the folder itself', async () => {
    await using home = await temporaryDirectory();
    await writeFile(join(home.path, 'zookeeper.jar'), '');
    expect(locateZooKeeper({ ZOOKEEPER_HOME: home.path })).toContain(join(home.path, 'zookeeper.jar'));
  });

  it('does not pass over a ZOOKEEPER_HOME that is wrong', async () => {
    await using home = await temporaryDirectory();
    await writeFile(join(home.path, 'zookeeper-jute.jar'), '');
    for (const path of [home.path, join(home.path, 'none')]) {
      expect(() => locateZooKeeper({ ZOOKEEPER_HOME: path })).toThrow(`ZOOKEEPER_HOME is ${path}, but`);
    }
  });

  it('finds the Debian package', async () => {
    await using jars = await temporaryDirectory();
    await writeFile(join(jars.path, 'zookeeper.jar'), '');
    expect(locateZooKeeper({ ZOOKEEPER_HOME: '' }, jars.path).split(delimiter)).toEqual([
      join(jars.path, 'zookeeper.jar'),
      join(jars.path, 'slf4j-simple.jar'),
      join(jars.path, 'netty-codec.jar'),
      join(jars.path, 'netty-resolver.jar'),
    ]);
  });

  it('else says which three ways there are', async () => {
    await using empty = await temporaryDirectory();
    expect(() => locateZooKeeper({}, empty.path)).toThrow(
      /ZOOKEEPER_HOME[^]*apt-get install zookeeper[^]*zooserve serve --zookeeper/,
    );
  });
});
