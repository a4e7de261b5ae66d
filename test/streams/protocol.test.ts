import { eventually } from '../support/eventually';
import { NO_NODE, notification, OP, openScripted, startObliging } from '../support/scripted-session';
import { ScriptedZooKeeper } from '../support/scripted-zookeeper';

describe('requests', () => {
  it('are numbered from 1', async () => {
    await using server = await startObliging(({ xid }, { reply }) => {
      reply(xid, NO_NODE);
    });
    await using session = openScripted(server);
    await session.connected();
    await Promise.all([session.get('/a'), session.get('/b')]);
    const numbers = server.received.filter(({ opcode }) => opcode === OP.GET_DATA).map(({ xid }) => xid);
    expect(numbers).toEqual([1, 2]);
  });

  it('survive error codes that nobody has heard of', async () => {
    await using server = await startObliging(({ xid }, { reply }) => {
      reply(xid, xid === 1 ? -127 : -9999);
    });
    await using session = openScripted(server);
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
    await using server = await startObliging(undefined, 600);
    await using session = openScripted(server);
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
    await using server = await startObliging(({ xid }, { number, reply }) => {
      const answer = wrong(xid);
      if (number === 0) reply(answer.xid, 0, answer.body);
      else reply(xid, NO_NODE);
    });
    await using session = openScripted(server);
    await session.connected();
    await expect(session.get('/a')).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    await session.connected();
    expect(await session.get('/a')).toBeUndefined();
  });
});

describe('pings', () => {
  it('go out though notifications keep coming in', async () => {
    await using server = await startObliging(undefined, 600);
    await using session = openScripted(server);
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
    await using session = openScripted(server, { auth: { scheme: 'digest', credentials: 'user:secret' } });
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
    await using session = openScripted(http);
    await eventually(() => session.lastFailure?.reason === 'NOT_UNDERSTOOD');
    await using garbled = await ScriptedZooKeeper.start((_, { socket }) => {
      socket.write(Buffer.from([0, 0, 0, 2, 1, 1]));
    });
    await using second = openScripted(garbled);
    await eventually(() => second.lastFailure?.reason === 'NOT_UNDERSTOOD');
  });

  it('with a mute server ends in time and is tried again', async () => {
    await using mute = await ScriptedZooKeeper.start();
    await using session = openScripted(mute, { sessionTimeoutMs: 600 });
    await eventually(() => mute.received.length === 3);
    expect(session.lastFailure).toMatchObject({ reason: 'MUTE', message: 'no answer within 300 ms' });
  });

  it.each([
    ['lets in and hangs up', 2000],
    ['says of each session that it has expired', 0],
  ])('is not repeated in a storm when the server %s', async (_, timeoutMs) => {
    await using server = await ScriptedZooKeeper.start((_received, connection) => {
      connection.grant(timeoutMs);
      connection.socket.end();
    });
    await using session = openScripted(server);
    const startedAt = performance.now();
    await eventually(() => server.received.length >= 10);
    // The pauses are random, 2.8 s together on average; less than this is one run in a hundred thousand.
    expect(performance.now() - startedAt).toBeGreaterThan(600);
    expect(['CONNECTING', 'CONNECTED', 'SUSPENDED']).toContain(session.state.name);
  });
});
