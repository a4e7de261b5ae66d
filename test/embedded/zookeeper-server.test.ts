import { fourLetterWord } from '../../src/embedded/loopback-port';
import { startTestZooKeeper } from '../support/zookeeper';

describe('startZooKeeper', () => {
  it('resolves once the server serves, and serves again after a kill and a restart on the same port', async () => {
    await using zookeeper = await startTestZooKeeper();
    const { server } = zookeeper;
    expect(await fourLetterWord(server.port, 'srvr', 1000)).toContain('Mode: standalone');
    await server.kill('SIGKILL');
    expect(server.running).toBe(false);
    expect(await server.exited).toBe('was ended by SIGKILL');
    await server.restart();
    expect(await fourLetterWord(server.port, 'srvr', 1000)).toContain('Mode: standalone');
  });
});
