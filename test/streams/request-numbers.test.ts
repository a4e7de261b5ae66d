import { Connection } from '../../src/streams/connection';
import { handshake } from '../../src/streams/handshake';
import { create, exists, getData } from '../../src/streams/requests';
import { OPEN } from '../../src/acl';
import { ZERO_ZXID } from '../../src/streams/zxid';
import { eventually } from '../support/eventually';
import { startTestZooKeeper } from '../support/zookeeper';

const LAST = 2 ** 31 - 1;
/** Where a frame has the number of its request: after its length. */
const XID_AT = 4;
const PING = -2;

it('requests are numbered from 1 again after 2^31 - 1, by which a real server answers, pings and notifies', async () => {
  await using zookeeper = await startTestZooKeeper();
  const established = await handshake({
    server: { host: '127.0.0.1', port: zookeeper.server.port },
    lastZxid: ZERO_ZXID,
    resume: undefined,
    sessionTimeoutMs: 1000,
    auth: undefined,
    tls: undefined,
    deadlineMs: 5000,
    signal: new AbortController().signal,
  });
  const written = jest.spyOn(established.socket, 'write');
  const numbers = (): number[] => written.mock.calls.map(([frame]) => frame.readInt32BE(XID_AT));
  const requests = (): number[] => numbers().filter((xid) => xid !== PING);
  const notified: string[] = [];
  let ended: string | undefined;
  const listener = {
    onNotification: (_: number, path: string) => notified.push(path),
    onEnd: (why: string) => (ended = why),
  };
  const connection = new Connection(established, ZERO_ZXID, '', listener, LAST - 2);
  const make = (path: string) => create(connection, path, Buffer.from(path), 'PERSISTENT', OPEN);

  // All are under way at once, and the watch is asked for before the turn and notified after it.
  const watched = exists(connection, '/e', true);
  expect(await Promise.all(['/a', '/b', '/c', '/d', '/e'].map(make))).toEqual(['/a', '/b', '/c', '/d', '/e']);
  await watched;
  expect(requests()).toEqual([LAST - 2, LAST - 1, LAST, 1, 2, 3]);
  expect(notified).toEqual(['/e']);

  const pings = () => numbers().filter((xid) => xid === PING).length;
  const before = pings();
  await eventually(() => pings() >= before + 2);
  expect((await getData(connection, '/d', false)).node?.data.toString()).toBe('/d');
  expect(requests().at(-1)).toBe(4);
  expect(ended).toBeUndefined();
  await connection.closeSession(2000);
});
