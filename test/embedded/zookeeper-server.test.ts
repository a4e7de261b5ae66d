import { createServer, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fourLetterWord, freePort } from '../../src/embedded/loopback-port';
import { startZooKeeper } from '../../src/embedded/zookeeper-server';
import { openSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { temporaryDirectory } from '../support/temporary-directory';
import { startTestZooKeeper } from '../support/zookeeper';

const QUICK = { tickTimeMs: 500, javaOptions: ['-Dzookeeper.forceSync=no'] };

/** Whether anything of the process group that the server was started in is left. */
function groupLives(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('startZooKeeper', () => {
  it('resolves once the server serves, keeps its data over a kill and a restart, and leaves no process', async () => {
    await using zookeeper = await startTestZooKeeper();
    const { server } = zookeeper;
    const before = server.pid;
    {
      await using session = openSession({ connectString: server.connectString, sessionTimeoutMs: 2000 });
      await session.connected();
      await session.create('/kept', Buffer.from('1'));
    }
    await server.kill('SIGKILL');
    expect(server.running).toBe(false);
    expect(await server.exited).toBe('was ended by SIGKILL');
    expect(await fourLetterWord(server.port, 'srvr', 1000)).toBe('');
    await server.restart();
    expect(server.pid).not.toBe(before);
    expect(await fourLetterWord(server.port, 'srvr', 1000)).toContain('Mode: standalone');
    await using session = openSession({ connectString: server.connectString, sessionTimeoutMs: 2000 });
    await session.connected();
    expect((await session.get('/kept'))?.data.toString()).toBe('1');
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    expect(server.running).toBe(false);
    await eventually(() => !groupLives(before) && !groupLives(server.pid));
  });

  it('takes a directory whose name has blanks, backslashes and other letters than ASCII', async () => {
    await using directory = await temporaryDirectory();
    const dataDir = join(directory.path, 'données \\ du モデル');
    await using server = await startZooKeeper({ ...QUICK, dataDir });
    expect(await fourLetterWord(server.port, 'srvr', 1000)).toContain('Mode: standalone');
  });

  it('listens on the loopback interface only', async () => {
    await using zookeeper = await startTestZooKeeper();
    const addresses = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    for (const address of [...addresses, '127.0.0.2']) {
      const refused = await new Promise((resolve) => {
        connect(zookeeper.server.port, address)
          .on('connect', () => {
            resolve('connected');
          })
          .on('error', (error: NodeJS.ErrnoException) => {
            resolve(error.code);
          });
      });
      expect([address, refused]).toEqual([address, 'ECONNREFUSED']);
    }
  });

  it('names the port that is taken', async () => {
    await using directory = await temporaryDirectory();
    const listener = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
    try {
      await expect(startZooKeeper({ ...QUICK, dataDir: directory.path, port })).rejects.toThrow(
        `port ${port} of 127.0.0.1 is taken`,
      );
    } finally {
      listener.close();
    }
  });

  it('does not start a second server on the same data', async () => {
    await using zookeeper = await startTestZooKeeper();
    const { dataDir, port } = zookeeper.server;
    await expect(startZooKeeper({ ...QUICK, dataDir })).rejects.toThrow(
      `${dataDir} is in use by the ZooKeeper server on port ${port}`,
    );
  });

  it('says what the server logged last when it ends instead of serving', async () => {
    await using directory = await temporaryDirectory();
    const options = { ...QUICK, dataDir: directory.path };
    const starting = startZooKeeper({ ...options, config: { tickTime: 'nonsense' } });
    await expect(starting).rejects.toThrow(
      /ended with status \d+\. The end of .*zookeeper\.log:\n[^]*nonsense/,
    );
  });

  it('gives up on a server that does not serve in time, and ends it', async () => {
    await using directory = await temporaryDirectory();
    const starting = startZooKeeper({ ...QUICK, dataDir: directory.path, startTimeoutMs: 1 });
    await expect(starting).rejects.toThrow(/does not serve on port \d+ after 1 ms/);
    await using server = await startZooKeeper({ ...QUICK, dataDir: directory.path });
    expect(server.running).toBe(true);
  });
});
