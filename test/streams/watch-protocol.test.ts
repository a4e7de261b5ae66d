import { eventually } from '../support/eventually';
import {
  NO_AUTH,
  NO_NODE,
  notification,
  OP,
  openScripted,
  startObliging,
  STAT_BYTES,
} from '../support/scripted-session';
import { ScriptedZooKeeper, type Received } from '../support/scripted-zookeeper';

/** The last zxid that a client says it has seen, in its handshake. */
function lastZxidSeen({ body }: Received): bigint {
  return body.readBigInt64BE(4);
}

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
    await using session = openScripted(server);
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
    await using server = await startObliging(({ xid }, { reply }) => {
      unanswered.push(() => {
        reply(xid, NO_NODE);
      });
    });
    await using session = openScripted(server);
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
    await using server = await startObliging(({ opcode, xid }, { reply }) => {
      asked.push(opcode);
      if (asked.length === 1) reply(xid, NO_NODE);
      else if (opcode === OP.EXISTS) reply(xid, 0, Buffer.alloc(STAT_BYTES));
      else reply(xid, 0, Buffer.concat([Buffer.from([0, 0, 0, 1, 0x2a]), Buffer.alloc(STAT_BYTES)]));
    });
    await using session = openScripted(server);
    const seen: unknown[] = [];
    session.watchData('/a').subscribe(({ node }) => seen.push(node?.data.toString()));
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['*']);
    expect(asked).toEqual([OP.GET_DATA, OP.EXISTS, OP.GET_DATA]);
  });

  it('is read again when the event comes while it is being read', async () => {
    await using server = await startObliging(({ opcode, xid }, { number, reply }) => {
      if (opcode === OP.GET_DATA) server.send(number, notification('/a'));
      reply(xid, NO_NODE);
      if (reads().length === 3) server.disconnect();
    });
    const reads = () => server.received.filter(({ opcode }) => opcode === OP.GET_DATA);
    await using session = openScripted(server);
    session.watchData('/a').subscribe();
    await eventually(() => reads().length >= 3);
  });

  it('that may not be read is tried again', async () => {
    let refusals = 0;
    await using server = await startObliging(({ opcode, xid }, { reply }) => {
      if (opcode === OP.GET_DATA && refusals < 2) {
        refusals += 1;
        reply(xid, NO_AUTH);
      } else reply(xid, NO_NODE);
    });
    await using session = openScripted(server);
    const seen: unknown[] = [];
    session.watchData('/a').subscribe(({ node }) => seen.push(node));
    await eventually(() => seen.length === 1);
    expect([refusals, seen]).toEqual([2, [undefined]]);
  });
});
