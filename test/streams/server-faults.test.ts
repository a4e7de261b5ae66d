import { rm } from 'node:fs/promises';
import { openSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { openThroughProxy } from '../support/session-through-proxy';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const TIMEOUT_MS = 1500;

let zookeeper: TestZooKeeper;
beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
});
afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});

/** These tests follow each other on one server: each leaves it running. */
describe('the server', () => {
  it('stopped (SIGSTOP) is noticed, and found again as soon as it goes on', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: TIMEOUT_MS });
    zookeeper.server.suspend();
    await eventually(() => through.names.includes('LOST'));
    zookeeper.server.resume();
    await through.session.connected();
    expect(through.session.state).toMatchObject({ epoch: 2 });
    expect(await through.session.exists('/')).toBeDefined();
  });

  it('killed and restarted is found again, with the same session', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 10_000 });
    const { session } = through;
    const path = await session.create('/e-', undefined, 'EPHEMERAL_SEQUENTIAL');
    await zookeeper.server.kill('SIGKILL');
    await eventually(() => session.state.name === 'SUSPENDED');
    await zookeeper.server.restart();
    await session.connected();
    expect(session.state).toMatchObject({ name: 'CONNECTED', epoch: 1 });
    expect(await session.exists(path)).toBeDefined();
  });

  it('that is not there at first is found when it comes', async () => {
    await zookeeper.server.kill('SIGTERM');
    await using session = openSession({
      connectString: zookeeper.connectString,
      sessionTimeoutMs: TIMEOUT_MS,
    });
    await expect(session.connected(AbortSignal.timeout(300))).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(session.state).toEqual({ name: 'CONNECTING' });
    expect(session.lastFailure?.reason).toBe('UNREACHABLE');
    await zookeeper.server.restart();
    await session.connected();
    expect(session.lastFailure).toBeUndefined();
  });

  it('with less than was seen before is never read from: its data wiped, it is not connected to', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: TIMEOUT_MS });
    const { session, proxy } = through;
    const seen: unknown[] = [];
    await session.create('/kept', Buffer.from('1'));
    session.watchData('/kept').subscribe(({ node }) => seen.push(node?.data.toString()));
    await eventually(() => seen.length === 1);
    await zookeeper.server.kill('SIGKILL');
    await rm(`${zookeeper.server.dataDir}/version-2`, { recursive: true });
    await zookeeper.server.restart();
    await eventually(() => session.state.name === 'LOST' && session.lastFailure?.reason === 'TURNED_AWAY');
    await using stranger = openSession({
      connectString: zookeeper.connectString,
      sessionTimeoutMs: TIMEOUT_MS,
    });
    await stranger.connected();
    expect(await stranger.exists('/kept')).toBeUndefined();
    const { accepted } = proxy;
    await eventually(() => proxy.accepted > accepted + 1);
    expect(session.state.name).toBe('LOST');
    expect(seen).toEqual(['1']);
  });
});
