import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { ScriptedZooKeeper } from '../support/scripted-zookeeper';
import { openThroughProxy, type SeenState } from '../support/session-through-proxy';
import { TcpProxy } from '../support/tcp-proxy';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

/** Room for a busy machine; every bound that is tested is given as far as this. */
const SLACK_MS = 700;
const TIMEOUT_MS = 1500;

let zookeeper: TestZooKeeper;
beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
});
afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});

function reached(states: readonly SeenState[], name: string): SeenState | undefined {
  return states.findLast(({ state }) => state.name === name);
}

describe('a broken connection', () => {
  it('suspends, and the same session goes on', async () => {
    await using through = await openThroughProxy(zookeeper);
    const { session, proxy } = through;
    const path = await session.create('/ephemeral-', undefined, 'EPHEMERAL_SEQUENTIAL');
    proxy.cut();
    await eventually(() => through.names.length === 4);
    expect(through.names).toEqual(['CONNECTING', 'CONNECTED', 'SUSPENDED', 'CONNECTED']);
    expect(through.states[3]?.state).toEqual(through.states[1]?.state);
    expect(await session.exists(path)).toBeDefined();
  });

  it('fails the operations under way, of which writes may have happened, after the state says so', async () => {
    await using through = await openThroughProxy(zookeeper);
    const { session, proxy } = through;
    proxy.blackhole();
    const seen: unknown[] = [];
    const operations = [session.get('/'), session.set('/', Buffer.alloc(0)), session.sync('/')].map(
      (operation) =>
        operation.catch((error: unknown) => {
          seen.push(session.state.name);
          return error;
        }),
    );
    proxy.cut();
    const [read, write, sync] = await Promise.all(operations);
    const lost = { code: 'CONNECTION_LOSS' };
    expect(read).toMatchObject({ ...lost, outcome: { path: '/', mayHaveHappened: false, retryable: true } });
    expect(write).toMatchObject({ ...lost, outcome: { path: '/', mayHaveHappened: true, retryable: true } });
    expect(sync).toMatchObject({ ...lost, outcome: { path: '/', mayHaveHappened: false, retryable: true } });
    expect(seen).toEqual(['SUSPENDED', 'SUSPENDED', 'SUSPENDED']);
  });

  it('in the middle of a frame is survived, wherever the cut is', async () => {
    await using through = await openThroughProxy(zookeeper);
    const { session, proxy } = through;
    const path = await session.create('/long-', Buffer.alloc(5000, 7), 'PERSISTENT_SEQUENTIAL');
    for (const bytes of [1, 3, 4, 5, 20, 4000]) {
      await session.connected();
      proxy.cutAfter(bytes);
      await expect(session.get(path)).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
      await session.connected();
      expect((await session.get(path))?.data).toHaveLength(5000);
    }
    // Also while the handshake is answered.
    proxy.cut();
    proxy.cutAfter(17);
    await eventually(() => session.state.name === 'SUSPENDED');
    await session.connected();
    expect((await session.get(path))?.data).toHaveLength(5000);
  });

  it('refuses operations meanwhile, and a retry without a pause does not keep it from coming back', async () => {
    await using through = await openThroughProxy(zookeeper);
    const { session, proxy } = through;
    await proxy.refuse();
    await eventually(() => session.state.name === 'SUSPENDED');
    await expect(session.create('/never')).rejects.toMatchObject({
      code: 'CONNECTION_LOSS',
      message: 'create /never: not connected (SUSPENDED)',
      outcome: { path: '/never', mayHaveHappened: false, retryable: true },
    });
    const healed = proxy.heal();
    // By the clock: without turns of the event loop no timer would end it.
    const deadline = performance.now() + 10_000;
    for (;;) {
      if (performance.now() > deadline) throw new Error('the connection did not come back');
      try {
        await session.get('/');
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONNECTION_LOSS' });
      }
    }
    await healed;
  });
});

describe('a silent server', () => {
  it.each(['both ways', 'to the client', 'to the server'])(
    'suspends at two thirds of the session timeout and loses the session at the whole: %s',
    async (way) => {
      await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: TIMEOUT_MS });
      const { session, proxy } = through;
      expect(session.negotiatedTimeoutMs).toBe(TIMEOUT_MS);
      await session.get('/');
      const heardAt = performance.now();
      if (way !== 'to the server') proxy.blackhole('toClient');
      if (way !== 'to the client') proxy.blackhole('toServer');
      const operation = session.get('/').catch((error: unknown) => error);
      const lost = await eventually(() => reached(through.states, 'LOST'));
      const suspended = reached(through.states, 'SUSPENDED')!;
      expect(suspended.at - heardAt).toBeGreaterThan((TIMEOUT_MS * 2) / 3 - 50);
      expect(suspended.at - heardAt).toBeLessThan((TIMEOUT_MS * 2) / 3 + SLACK_MS);
      expect(lost!.at - heardAt).toBeGreaterThan(TIMEOUT_MS - 100);
      expect(lost!.at - heardAt).toBeLessThan(TIMEOUT_MS + SLACK_MS);
      expect(await operation).toMatchObject({ code: 'CONNECTION_LOSS' });
      await proxy.heal();
      await session.connected();
      expect(session.state).toMatchObject({ name: 'CONNECTED', epoch: 2 });
    },
  );
});

describe('an expired session', () => {
  it('is followed by a new one of the next epoch, and nothing of the old is left', async () => {
    await using through = await openThroughProxy(zookeeper);
    const { session, proxy, states } = through;
    const path = await session.create('/ephemeral-', undefined, 'EPHEMERAL_SEQUENTIAL');
    await expireSession(proxy);
    await eventually(() => session.state.name === 'CONNECTED' && session.state.epoch === 2);
    expect(through.names).toEqual(['CONNECTING', 'CONNECTED', 'SUSPENDED', 'LOST', 'CONNECTED']);
    const ids = states.flatMap(({ state }) => (state.name === 'CONNECTED' ? [state.sessionId] : []));
    expect(new Set(ids).size).toBe(2);
    expect(await session.exists(path)).toBeUndefined();
  });

  it('settles the operations that were under way', async () => {
    await using through = await openThroughProxy(zookeeper);
    through.proxy.blackhole('toClient');
    const operations = Promise.allSettled([
      through.session.get('/'),
      through.session.create('/x-', undefined, 'PERSISTENT_SEQUENTIAL'),
    ]);
    await expireSession(through.proxy);
    const outcomes = await operations;
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('several servers', () => {
  it('are tried in turn: a mute one, one that is not there, one that hangs up, one that serves', async () => {
    await using mute = await ScriptedZooKeeper.start();
    await using refusing = await TcpProxy.start(zookeeper.server.port);
    await refusing.refuse();
    await using hangingUp = await ScriptedZooKeeper.start((_, { socket }) => {
      socket.destroy();
    });
    const ports = { mute, refusing, 'hanging-up': hangingUp, serving: zookeeper };
    const asked = new Set<string>();
    await using session = openSession({
      connectString: Object.entries(ports)
        .map(([name, { port }]) => `${name}:${port}`)
        .join(),
      sessionTimeoutMs: 1000,
      // The order is one of chance: the one that serves is not found before the others have had their turn.
      lookup: (name) => {
        asked.add(name);
        return name === 'serving' && asked.size < 4
          ? Promise.reject(new Error('not yet'))
          : Promise.resolve(['127.0.0.1']);
      },
    });
    await session.connected(AbortSignal.timeout(20_000));
    expect([...asked].sort()).toEqual(Object.keys(ports).sort());
    expect(Math.min(mute.received.length, hangingUp.received.length)).toBeGreaterThan(0);
    expect(await session.exists('/')).toBeDefined();
  });
});

describe('a blocked event loop', () => {
  it('longer than the session timeout ends in a new session that works', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: 1000 });
    block(2200);
    await eventually(() => connectedEpoch(through.session) === 2);
    expect(await through.session.exists('/')).toBeDefined();
  });

  it('shorter than that does not break the connection', async () => {
    // Without the proxy, which would have to hand the answer on, and is blocked too.
    await using session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 6000 });
    const states: string[] = [];
    session.state$.subscribe(({ name }) => states.push(name));
    await session.connected();
    expect(session.negotiatedTimeoutMs).toBe(6000);
    // Its answer waits in the socket when the timers have long run out: two thirds of the timeout are 4000 ms.
    const operation = session.get('/');
    block(4400);
    await operation;
    await session.get('/');
    expect(states).toEqual(['CONNECTING', 'CONNECTED']);
  });
});

function connectedEpoch({ state }: ZooKeeperSession): number {
  return state.name === 'CONNECTED' ? state.epoch : 0;
}

/** Leaves the processor to the server. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
