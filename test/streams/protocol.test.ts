import { openSession, type SessionOptions, type ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { ScriptedZooKeeper, type Received, type ScriptedConnection } from '../support/scripted-zookeeper';

const OP = { CREATE: 1, EXISTS: 3, GET_DATA: 4, SYNC: 9, PING: 11, AUTH: 100, CLOSE: -11 };
const NO_NODE = -101;
const NO_AUTH = -102;
const STAT_BYTES = 68;

/** A server that grants sessions, answers what keeps one going, and leaves the rest to `answer`. */
function start(
  answer: (received: Received, connection: ScriptedConnection) => void = () => undefined,
  timeoutMs = 2000,
): Promise<ScriptedZooKeeper> {
  return ScriptedZooKeeper.start((received, connection) => {
    if (received.kind === 'connect') connection.grant(timeoutMs);
    else if ([OP.PING, OP.CLOSE, OP.SYNC].includes(received.opcode)) connection.reply(received.xid, 0);
    else answer(received, connection);
  });
}

function open(server: ScriptedZooKeeper, options: Partial<SessionOptions> = {}): ZooKeeperSession {
  return openSession({ connectString: server.connectString, sessionTimeoutMs: 2000, ...options });
}

/** The last zxid that a client says it has seen, in its handshake. */
function lastZxidSeen({ body }: Received): bigint {
  return body.readBigInt64BE(4);
}

describe('requests', () => {
  it('are numbered from 1', async () => {
    await using server = await start(({ xid }, { reply }) => {
      reply(xid, NO_NODE);
    });
    await using session = open(server);
    await session.connected();
    await Promise.all([session.get('/a'), session.get('/b')]);
    const numbers = server.received.filter(({ opcode }) => opcode === OP.GET_DATA).map(({ xid }) => xid);
    expect(numbers).toEqual([1, 2]);
  });

  it('survive error codes that nobody has heard of', async () => {
    await using server = await start(({ xid }, { reply }) => {
      reply(xid, xid === 1 ? -127 : -9999);
    });
    await using session = open(server);
    await session.connected();
    await expect(session.get('/a')).rejects.toMatchObject({
      code: 'OTHER',
      message: 'read /a: the server is throttling (ZooKeeper code -127)',
      outcome: { retryable: true, mayHaveHappened: false },
    });
    await expect(session.create('/a')).rejects.toMatchObject({
      code: 'OTHER',
      message: expect.stringContaining('-9999') as string,
      outcome: { retryable: false, mayHaveHappened: false },
    });
    expect(session.state).toMatchObject({ name: 'CONNECTED' });
  });

  it('have a deadline of their own, also when the server answers nothing else than pings', async () => {
    await using server = await start(undefined, 600);
    await using session = open(server);
    await session.connected();
    const [read, write] = await Promise.allSettled([session.get('/a'), session.create('/a')]);
    expect(read).toMatchObject({
      reason: { code: 'TIMEOUT', outcome: { path: '/a', mayHaveHappened: false, retryable: true } },
    });
    expect(write).toMatchObject({
      reason: { code: 'TIMEOUT', outcome: { path: '/a', mayHaveHappened: true, retryable: true } },
    });
    expect(session.state).toMatchObject({ name: 'CONNECTED', epoch: 1 });
  });

  it.each([
    ['an answer to another request', (xid: number) => ({ xid: xid + 5, body: Buffer.alloc(0) })],
    ['an answer that ends in the middle', (xid: number) => ({ xid, body: Buffer.from([0, 0, 0, 9, 1]) })],
  ])('fail with the connection at %s', async (_, wrong) => {
    await using server = await start(({ xid }, { number, reply }) => {
      const answer = wrong(xid);
      if (number === 0) reply(answer.xid, 0, answer.body);
      else reply(xid, NO_NODE);
    });
    await using session = open(server);
    await session.connected();
    await expect(session.get('/a')).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    await session.connected();
    expect(await session.get('/a')).toBeUndefined();
  });
});

describe('pings', () => {
  it('go out though notifications keep coming in', async () => {
    await using server = await start(undefined, 600);
    await using session = open(server);
    await session.connected();
    const noise = setInterval(() => {
      server.send(0, notification('/nobody'));
    }, 20);
    const pings = () => server.received.filter(({ opcode }) => opcode === OP.PING).length;
    await eventually(() => pings() >= 3);
    clearInterval(noise);
    expect(session.state).toMatchObject({ name: 'CONNECTED', epoch: 1 });
  });
});

describe('the handshake', () => {
  it('sends the credentials first of all on each connection, and waits for what the server says', async () => {
    let accept: () => void = () => undefined;
    await using server = await ScriptedZooKeeper.start((received, connection) => {
      if (received.kind === 'connect') connection.grant(2000);
      else if (received.opcode === OP.AUTH) {
        accept = () => {
          connection.reply(-4, 0);
        };
      } else connection.reply(received.xid, received.opcode === OP.CLOSE ? 0 : NO_NODE);
    });
    await using session = open(server, { auth: { scheme: 'digest', credentials: 'user:secret' } });
    for (const connection of [0, 1]) {
      const mine = () => server.received.filter((received) => received.connection === connection);
      await eventually(() => mine().length === 2);
      expect(session.state.name).toBe(connection === 0 ? 'CONNECTING' : 'SUSPENDED');
      accept();
      await session.connected();
      await session.get('/a');
      expect(mine().map(({ opcode }) => opcode)).toEqual([0, OP.AUTH, OP.GET_DATA]);
      expect(mine()[1]?.body.toString('latin1')).toContain('digest');
      expect(mine()[1]?.body.toString('latin1')).toContain('user:secret');
      server.disconnect();
      await eventually(() => session.state.name === 'SUSPENDED');
    }
  });

  it('with a listener that answers something else does not hang', async () => {
    await using http = await ScriptedZooKeeper.start((_, { socket }) => {
      socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    });
    await using session = open(http);
    await eventually(() => session.lastFailure?.reason === 'NOT_UNDERSTOOD');
    await using garbled = await ScriptedZooKeeper.start((_, { socket }) => {
      socket.write(Buffer.from([0, 0, 0, 2, 1, 1]));
    });
    await using second = open(garbled);
    await eventually(() => second.lastFailure?.reason === 'NOT_UNDERSTOOD');
  });

  it('with a mute server ends in time and is tried again', async () => {
    await using mute = await ScriptedZooKeeper.start();
    await using session = open(mute, { sessionTimeoutMs: 600 });
    await eventually(() => mute.received.length === 3);
    expect(session.lastFailure).toMatchObject({ reason: 'MUTE', message: 'no answer within 300 ms' });
  });

  it('is not repeated in a storm when the server lets in and hangs up', async () => {
    await using server = await ScriptedZooKeeper.start((_, connection) => {
      connection.grant(2000);
      connection.socket.end();
    });
    await using session = open(server);
    const startedAt = performance.now();
    await eventually(() => server.received.length >= 10);
    // The pauses are random, 2.8 s together on average; less than this is one run in a hundred thousand.
    expect(performance.now() - startedAt).toBeGreaterThan(600);
    expect(['CONNECTED', 'SUSPENDED']).toContain(session.state.name);
  });
});

describe('a new session', () => {
  it('carries the last zxid of the one before, and syncs before it reads again', async () => {
    await using server = await ScriptedZooKeeper.start((received, connection) => {
      const { kind, opcode, xid } = received;
      // The second connection resumes and is told that the session has expired.
      if (kind === 'connect') connection.grant(connection.number === 1 ? 0 : 2000);
      else if ([OP.GET_DATA, OP.EXISTS].includes(opcode)) {
        connection.reply(xid, NO_NODE, undefined, connection.number === 0 ? 0x1234n : 0x1235n);
      } else connection.reply(xid, 0);
    });
    await using session = open(server);
    const subscription = session.watchData('/a').subscribe();
    await session.connected();
    await eventually(() => server.received.filter(({ opcode }) => opcode === OP.EXISTS).length === 1);
    server.disconnect();
    await eventually(() => server.received.filter(({ opcode }) => opcode === OP.EXISTS).length === 2);
    subscription.unsubscribe();
    const connects = server.received.filter(({ kind }) => kind === 'connect');
    expect(connects.map(lastZxidSeen)).toEqual([0n, 0x1234n, 0x1234n]);
    const third = server.received.filter(({ connection, kind }) => connection === 2 && kind === 'request');
    expect(third.slice(0, 3).map(({ opcode }) => opcode)).toEqual([OP.SYNC, OP.GET_DATA, OP.EXISTS]);
  });
});

describe('thousands of watched nodes', () => {
  it('are read 64 at a time', async () => {
    const unanswered: (() => void)[] = [];
    await using server = await start(({ xid }, { reply }) => {
      unanswered.push(() => {
        reply(xid, NO_NODE);
      });
    });
    await using session = open(server);
    const told = new Set<string>();
    for (let number = 0; number < 1000; number += 1) {
      session.watchData(`/${number}`).subscribe(({ path }) => told.add(path));
    }
    await eventually(() => unanswered.length === 64);
    while (told.size < 1000) {
      expect(unanswered.length).toBeLessThanOrEqual(64);
      for (const answer of unanswered.splice(0)) answer();
      await new Promise(setImmediate);
    }
  });
});

describe('a watched node', () => {
  it('that appears between the read and the look for it is read again', async () => {
    const asked: number[] = [];
    await using server = await start(({ opcode, xid }, { reply }) => {
      asked.push(opcode);
      if (asked.length === 1) reply(xid, NO_NODE);
      else if (opcode === OP.EXISTS) reply(xid, 0, Buffer.alloc(STAT_BYTES));
      else reply(xid, 0, Buffer.concat([Buffer.from([0, 0, 0, 1, 0x2a]), Buffer.alloc(STAT_BYTES)]));
    });
    await using session = open(server);
    const seen: unknown[] = [];
    session.watchData('/a').subscribe(({ node }) => seen.push(node?.data.toString()));
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['*']);
    expect(asked).toEqual([OP.GET_DATA, OP.EXISTS, OP.GET_DATA]);
  });

  it('is read again when the event comes while it is being read', async () => {
    await using server = await start(({ opcode, xid }, { number, reply }) => {
      if (opcode === OP.GET_DATA) server.send(number, notification('/a'));
      reply(xid, NO_NODE);
      if (reads().length === 3) server.disconnect();
    });
    const reads = () => server.received.filter(({ opcode }) => opcode === OP.GET_DATA);
    await using session = open(server);
    session.watchData('/a').subscribe();
    await eventually(() => reads().length >= 3);
  });

  it('that may not be read is tried again', async () => {
    let refusals = 0;
    await using server = await start(({ opcode, xid }, { reply }) => {
      if (opcode === OP.GET_DATA && refusals < 2) {
        refusals += 1;
        reply(xid, NO_AUTH);
      } else reply(xid, NO_NODE);
    });
    await using session = open(server);
    const seen: unknown[] = [];
    session.watchData('/a').subscribe(({ node }) => seen.push(node));
    await eventually(() => seen.length === 1);
    expect([refusals, seen]).toEqual([2, [undefined]]);
  });
});

function notification(path: string): Buffer {
  const frame = Buffer.alloc(4 + 16 + 12 + path.length);
  frame.writeInt32BE(frame.length - 4, 0);
  frame.writeInt32BE(-1, 4);
  frame.writeBigInt64BE(-1n, 8);
  frame.writeInt32BE(3, 20);
  frame.writeInt32BE(3, 24);
  frame.writeInt32BE(path.length, 28);
  frame.write(path, 32);
  return frame;
}
