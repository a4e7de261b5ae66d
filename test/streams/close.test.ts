import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { ScriptedZooKeeper } from '../support/scripted-zookeeper';
import { openThroughProxy } from '../support/session-through-proxy';
import { sharedZooKeeper, TEST_SESSION_TIMEOUT_MS, type ZooKeeperPlace } from '../support/zookeeper';

/** What the docstring promises, and room for a busy machine. */
const BOUND_MS = 2000 + 700;

let zookeeper: ZooKeeperPlace;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
});
afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});

/** Closes in bounded time, without an error, and leaves the session closed for whoever comes later. */
async function closes(session: ZooKeeperSession, finalState = 'CLOSED'): Promise<void> {
  const told: string[] = [];
  let completed = false;
  session.state$.subscribe({ next: ({ name }) => told.push(name), complete: () => (completed = true) });
  let watchCompleted = false;
  session.watchData('/watched').subscribe({ complete: () => (watchCompleted = true) });
  const startedAt = performance.now();
  const first = session[Symbol.asyncDispose]();
  expect(session[Symbol.asyncDispose]()).toBe(first);
  await expect(session.get('/')).rejects.toMatchObject({
    code: 'CLOSED',
    outcome: { mayHaveHappened: false, retryable: false },
  });
  await first;
  expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
  expect([told.at(-1), session.state.name, completed]).toEqual([finalState, finalState, true]);
  expect(watchCompleted).toBe(true);
  await expect(session.connected()).rejects.toMatchObject({ code: 'CLOSED' });
  const late: unknown[] = [];
  session.state$.subscribe(({ name }) => late.push(name));
  session.watchChildren('/').subscribe({ complete: () => late.push('completed') });
  expect(late).toEqual([finalState, 'completed']);
}

describe('closing', () => {
  it('while connected ends the session on the server', async () => {
    await using other = openSession({
      connectString: zookeeper.connectString,
      sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
    });
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 10_000 });
    await other.connected();
    const path = await through.session.create('/e-', undefined, 'EPHEMERAL_SEQUENTIAL');
    await closes(through.session);
    expect(await other.exists(path)).toBeUndefined();
    await eventually(() => through.proxy.open === 0);
  });

  it('lets the operations that were sent before be answered', async () => {
    await using through = await openThroughProxy(zookeeper);
    const operation = through.session.create('/x-', Buffer.from('x'), 'PERSISTENT_SEQUENTIAL');
    await Promise.all([through.session[Symbol.asyncDispose](), operation]);
  });

  it('before anything was connected', async () => {
    await closes(openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 2000 }));
  });

  it('while nobody is there to connect to', async () => {
    await using through = await openThroughProxy(zookeeper);
    await through.proxy.refuse();
    const session = openSession({ connectString: through.proxy.connectString, sessionTimeoutMs: 2000 });
    await eventually(() => session.lastFailure?.reason === 'UNREACHABLE');
    await closes(session);
  });

  it('while a mute server is being asked', async () => {
    await using mute = await ScriptedZooKeeper.start();
    const session = openSession({ connectString: mute.connectString, sessionTimeoutMs: 60_000 });
    await eventually(() => mute.received.length === 1);
    await closes(session);
  });

  it('while suspended', async () => {
    await using through = await openThroughProxy(zookeeper);
    await through.proxy.refuse();
    await eventually(() => through.session.state.name === 'SUSPENDED');
    await closes(through.session);
    expect(through.names).not.toContain('LOST');
  });

  it('while lost', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 });
    await through.proxy.refuse();
    await eventually(() => through.session.state.name === 'LOST');
    await closes(through.session);
  });

  it('while the server is silent, and then the operations under way fail', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 10_000 });
    through.proxy.blackhole();
    const operation = through.session.get('/').catch((error: unknown) => error);
    await closes(through.session);
    expect(await operation).toMatchObject({ code: 'CONNECTION_LOSS' });
    expect(through.names).toEqual(['CONNECTING', 'CONNECTED', 'CLOSED']);
  });

  it('when the credentials were refused', async () => {
    const session = openSession({
      connectString: zookeeper.connectString,
      sessionTimeoutMs: 2000,
      auth: { scheme: 'nonesuch', credentials: 'a:b' },
    });
    await expect(session.connected()).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    await expect(session.get('/')).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      outcome: { mayHaveHappened: false, retryable: false },
    });
    await closes(session, 'AUTH_FAILED');
  });

  it('at the very moment of connecting', async () => {
    const session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 2000 });
    session.state$.subscribe(({ name }) => {
      if (name === 'CONNECTED') void session[Symbol.asyncDispose]();
    });
    await eventually(() => session.state.name === 'CLOSED');
  });
});
