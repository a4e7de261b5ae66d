import { openSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { OP } from '../support/scripted-session';
import { ScriptedZooKeeper, type Received, type ScriptedConnection } from '../support/scripted-zookeeper';
import { openThroughProxy, statesOf, type SeenState } from '../support/session-through-proxy';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const TIMEOUT_MS = 3000;
const SUSPENDED_AFTER_MS = (TIMEOUT_MS * 2) / 3;
/** Room for a busy machine; half of what the answers take. */
const SLACK_MS = 600;
const DELAY_MS = 600;
/** Longer than a third of the timeout, after which comes the first ping; shorter than the half that a server is given. */
const GRANTED_AFTER_MS = TIMEOUT_MS * 0.42;

let zookeeper: ZooKeeperPlace;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
});
afterAll(() => zookeeper[Symbol.asyncDispose]());

/** A server whose grants are late; `answer` is called with the requests. */
function startSlow(
  answer: (received: Received, connection: ScriptedConnection) => void,
  onConnect: () => void = () => undefined,
): Promise<ScriptedZooKeeper> {
  return ScriptedZooKeeper.start((received, connection) => {
    if (received.kind === 'request') answer(received, connection);
    else {
      onConnect();
      setTimeout(() => {
        connection.grant(TIMEOUT_MS);
      }, GRANTED_AFTER_MS);
    }
  });
}

/** By the clock of a server that has heard nothing since `sentAt`. */
async function expectSuspendedAndLost(states: readonly SeenState[], sentAt: () => number): Promise<void> {
  const reachedAt = (name: string) => states.find(({ state }) => state.name === name)?.at;
  const lostAt = await eventually(() => reachedAt('LOST'));
  const suspendedMs = reachedAt('SUSPENDED')! - sentAt();
  expect(suspendedMs).toBeGreaterThan(SUSPENDED_AFTER_MS - 100);
  expect(suspendedMs).toBeLessThan(SUSPENDED_AFTER_MS + SLACK_MS);
  expect(lostAt! - sentAt()).toBeGreaterThan(TIMEOUT_MS - 100);
  expect(lostAt! - sentAt()).toBeLessThan(TIMEOUT_MS + SLACK_MS);
}

describe('the session timeout counts from when the last answered request was sent', () => {
  it('and not from its answer, when that took long', async () => {
    await using through = await openThroughProxy(zookeeper, { sessionTimeoutMs: TIMEOUT_MS });
    const { session, proxy, states } = through;
    proxy.delay(DELAY_MS);
    const sentAt = performance.now();
    await session.get('/');
    expect(performance.now() - sentAt).toBeGreaterThan(2 * DELAY_MS - 50);
    proxy.blackhole();
    await expectSuspendedAndLost(states, () => sentAt);
  });

  it('also when that was the one for the session', async () => {
    let askedAt = Infinity;
    let granted = false;
    await using server = await startSlow(
      () => undefined,
      () => {
        if (!granted) askedAt = performance.now();
      },
    );
    await using session = openSession({
      connectString: server.connectString,
      sessionTimeoutMs: TIMEOUT_MS,
    });
    const states = statesOf(session);
    await session.connected();
    granted = true;
    await expectSuspendedAndLost(states, () => askedAt);
  });
});

it('a session that was granted late is kept by a ping at once', async () => {
  await using server = await startSlow(({ xid, opcode }, connection) => {
    if (opcode === OP.PING || opcode === OP.CLOSE) connection.reply(xid, 0);
  });
  await using session = openSession({ connectString: server.connectString, sessionTimeoutMs: TIMEOUT_MS });
  const states = statesOf(session);
  const names = () => states.map(({ state }) => state.name);
  // The second one comes by the heartbeat, when a session that was not heard would be suspended already.
  const pings = () => server.received.filter(({ opcode }) => opcode === OP.PING).length;
  await eventually(() => pings() === 2 || names().includes('SUSPENDED'));
  expect(names()).toEqual(['CONNECTING', 'CONNECTED']);
});
