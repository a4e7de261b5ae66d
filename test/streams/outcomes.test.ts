import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { NO_AUTH, OP, openScripted, startObliging } from '../support/scripted-session';
import { ScriptedZooKeeper } from '../support/scripted-zookeeper';

const DATA = Buffer.from('x');
const TIMEOUT_MS = 600;

/** Every operation of a session, and whether what it sends first may change something. */
const OPERATIONS: [string, boolean, (session: ZooKeeperSession) => Promise<unknown>][] = [
  ['get', false, (session) => session.get('/a')],
  ['exists', false, (session) => session.exists('/a')],
  ['children', false, (session) => session.children('/a')],
  ['sync', false, (session) => session.sync('/a')],
  // It looks first.
  ['ensurePath', false, (session) => session.ensurePath('/a')],
  ['create', true, (session) => session.create('/a', DATA)],
  ['set', true, (session) => session.set('/a', DATA)],
  ['remove', true, (session) => session.remove('/a')],
  ['multi', true, (session) => session.multi([{ op: 'set', path: '/a', data: DATA }])],
];

const outcome = (code: string, mayHaveHappened: boolean, retryable: boolean): object => ({
  name: 'ZooKeeperError',
  code,
  outcome: { mayHaveHappened, retryable },
});

const isOperation = (opcode: number): boolean => ![OP.PING, OP.CLOSE, OP.AUTH].includes(opcode);

describe.each(OPERATIONS)('%s', (_, write, operation) => {
  it('without a connection has not happened, and may be tried again', async () => {
    await using server = await startObliging(undefined, TIMEOUT_MS);
    await using session = openScripted(server);
    await expect(operation(session)).rejects.toMatchObject(outcome('CONNECTION_LOSS', false, true));
  });

  it('on a connection that breaks may have happened if it writes, and may be tried again', async () => {
    await using server = await ScriptedZooKeeper.start(({ kind, opcode, xid }, { grant, reply, socket }) => {
      if (kind === 'connect') grant(TIMEOUT_MS);
      else if (isOperation(opcode)) socket.destroy();
      else reply(xid, 0);
    });
    await using session = openScripted(server);
    await session.connected();
    await expect(operation(session)).rejects.toMatchObject(outcome('CONNECTION_LOSS', write, true));
  });

  it('that is not answered may have happened if it writes, and may be tried again', async () => {
    await using server = await ScriptedZooKeeper.start(({ kind, opcode, xid }, { grant, reply }) => {
      if (kind === 'connect') grant(TIMEOUT_MS);
      else if (!isOperation(opcode)) reply(xid, 0);
    });
    await using session = openScripted(server);
    await session.connected();
    await expect(operation(session)).rejects.toMatchObject(outcome('TIMEOUT', write, true));
    expect(session.state.name).toBe('CONNECTED');
  });

  it.each([
    ['NO_AUTH', NO_AUTH, false],
    ['CONNECTION_LOSS', -4, true],
    ['OTHER', -127, true],
    ['OTHER', -999, false],
  ])('answered by %s (%i) has not happened', async (code, err, retryable) => {
    await using server = await ScriptedZooKeeper.start(({ kind, opcode, xid }, { grant, reply }) => {
      if (kind === 'connect') grant(TIMEOUT_MS);
      else reply(xid, isOperation(opcode) ? err : 0);
    });
    await using session = openScripted(server);
    await session.connected();
    await expect(operation(session)).rejects.toMatchObject(outcome(code, false, retryable));
  });

  it('of a session that is closed, or whose credentials were refused, never happens', async () => {
    await using server = await ScriptedZooKeeper.start(({ kind, opcode, xid }, { grant, reply }) => {
      if (kind === 'connect') grant(TIMEOUT_MS);
      else if (opcode === OP.AUTH) reply(-4, -115);
      else reply(xid, 0);
    });
    const closed = openScripted(server);
    await closed[Symbol.asyncDispose]();
    await expect(operation(closed)).rejects.toMatchObject(outcome('CLOSED', false, false));
    await using refused = openScripted(server, { auth: { scheme: 'digest', credentials: 'ann:wrong' } });
    await eventually(() => refused.state.name === 'AUTH_FAILED');
    await expect(operation(refused)).rejects.toMatchObject(outcome('AUTH_FAILED', false, false));
  });
});

describe('attempts to connect', () => {
  it('are put off further and further, up to a second, by times of chance', async () => {
    const attempts: number[][] = [[], []];
    const servers = await Promise.all(
      attempts.map((times) =>
        ScriptedZooKeeper.start((_, { socket }) => {
          times.push(performance.now());
          socket.destroy();
        }),
      ),
    );
    const sessions = servers.map(({ connectString }) =>
      openSession({ connectString, sessionTimeoutMs: 2000 }),
    );
    await eventually(() => attempts.every((times) => times.length >= 8), Boolean, 60_000);
    for (const session of sessions) await session[Symbol.asyncDispose]();
    for (const server of servers) await server[Symbol.asyncDispose]();
    const pauses = attempts.map((times) =>
      times.slice(1, 8).map((time, index) => Math.round(time - times[index]!)),
    );
    expect(pauses[0]).not.toEqual(pauses[1]);
    for (const each of pauses) {
      // Chance may make a pause short, but hardly all of them.
      const [first = 0, ...others] = each;
      expect(Math.max(...others)).toBeGreaterThan(first);
      expect(each.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(100);
    }
  });
});
