import { Audit } from '../../src/streams/audit';
import { eventually } from '../support/eventually';
import { logged } from '../support/logged';
import {
  NO_NODE,
  notification,
  OP,
  openScripted,
  startObliging,
  STAT_BYTES,
} from '../support/scripted-session';
import { openThroughProxy } from '../support/session-through-proxy';
import { sharedZooKeeper } from '../support/zookeeper';

/** A znode whose data are one letter, last written by that zxid. */
function znode(letter: string, mzxid: bigint): Buffer {
  const stat = Buffer.alloc(STAT_BYTES);
  stat.writeBigInt64BE(1n, 0);
  stat.writeBigInt64BE(mzxid, 8);
  return Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from(letter), stat]);
}

test('a change that nothing was notified of is found, told, logged and counted', async () => {
  let content = znode('a', 1n);
  await using server = await startObliging(({ opcode, xid }, { reply }) => {
    if (opcode === OP.GET_DATA) reply(xid, 0, content, 9n);
    else reply(xid, 0);
  });
  const { log, lines } = logged();
  await using session = openScripted(server, { auditEveryMs: 50, log });
  const seen: unknown[] = [];
  session.watchData('/a').subscribe(({ node }) => seen.push(node?.data.toString()));
  await eventually(() => seen.length === 1);
  const reads = () => server.received.filter(({ opcode }) => opcode === OP.GET_DATA).length;
  await eventually(() => reads() >= 3);
  expect(session.watchFigures.missed).toBe(0);
  content = znode('b', 2n);
  await eventually(() => seen.length === 2);
  expect(seen).toEqual(['a', 'b']);
  expect(session.watchFigures).toEqual({ watched: 1, stale: 0, missed: 1 });
  expect(lines.filter(({ level, path }) => level === 'warn' && path === '/a')).toHaveLength(1);
  // Older than what was told: by a server that lags, and not a change.
  content = znode('a', 1n);
  const before = reads();
  await eventually(() => reads() >= before + 3);
  expect(session.watchFigures.missed).toBe(1);
  expect(seen).toEqual(['a', 'b']);
});

test('a removal that nothing was notified of is found too, also when its parent’s children are watched', async () => {
  let there = true;
  await using server = await startObliging(({ opcode, xid }, { reply }) => {
    if (opcode === OP.GET_DATA && there) reply(xid, 0, znode('a', 1n), 5n);
    else reply(xid, NO_NODE, undefined, there ? 5n : 6n);
  });
  await using session = openScripted(server, { auditEveryMs: 50 });
  const seen: unknown[] = [];
  session.watchData('/a').subscribe(({ node }) => seen.push(node?.data.toString()));
  await eventually(() => seen.length === 1);
  there = false;
  await eventually(() => seen.length === 2);
  expect([seen, session.watchFigures.missed]).toEqual([['a', undefined], 1]);
});

test('a notification that comes in during an audit is no missed change', async () => {
  let reads = 0;
  await using server = await startObliging(({ opcode, xid }, { number, reply }) => {
    if (opcode !== OP.GET_DATA) return;
    reads += 1;
    if (reads === 2) server.send(number, notification('/a'));
    reply(xid, 0, znode(reads < 2 ? 'a' : 'b', reads < 2 ? 1n : 2n), 9n);
  });
  await using session = openScripted(server, { auditEveryMs: 50 });
  const seen: unknown[] = [];
  session.watchData('/a').subscribe(({ node }) => seen.push(node?.data.toString()));
  await eventually(() => reads >= 4);
  expect([seen, session.watchFigures.missed]).toEqual([['a', 'b'], 0]);
});

test('an audit that fails leaves the node to be read again, and 0 means never', async () => {
  let reads = 0;
  await using server = await startObliging(({ opcode, xid }, { reply }) => {
    if (opcode !== OP.GET_DATA) return;
    reads += 1;
    reply(xid, reads === 2 ? -127 : 0, reads === 2 ? undefined : znode('a', 1n), 9n);
  });
  await using session = openScripted(server, { auditEveryMs: 50 });
  const fresh: boolean[] = [];
  session.watchFreshness('data', '/a').subscribe((freshness) => fresh.push(freshness.fresh));
  await eventually(() => reads >= 4);
  expect(fresh).toEqual([false, true]);
  expect(session.watchFigures.missed).toBe(0);

  await using never = openScripted(server, { auditEveryMs: 0 });
  never.watchData('/b').subscribe();
  await eventually(() => never.watchFigures.stale === 0);
  const before = reads;
  await eventually(() => reads >= before + 5);
  const readings = server.received.filter(({ opcode }) => opcode === OP.GET_DATA);
  expect(readings.filter(({ body }) => body.includes('/b'))).toHaveLength(1);
});

test('with a real server under a storm of writes nothing is taken for missed', async () => {
  await using zookeeper = await sharedZooKeeper();
  await using through = await openThroughProxy(zookeeper, { auditEveryMs: 40 });
  const { session, proxy } = through;
  const paths = Array.from({ length: 10 }, (_, index) => `/n${index}`);
  const last = new Map<string, string>();
  for (const path of paths) {
    session.watchData(path).subscribe(({ node }) => last.set(path, node?.data.toString() ?? ''));
    session.watchChildren(path).subscribe();
    await session.ensurePath(path);
  }
  for (let round = 0; round < 60; round += 1) {
    if (round === 30) {
      proxy.cut();
      await eventually(() => session.state.name !== 'CONNECTED');
      await session.connected();
    }
    await Promise.all(
      paths.map(async (path) => {
        await session.set(path, Buffer.from(String(round)));
        if (round % 2 === 0) await session.create(`${path}/c-`, undefined, 'EPHEMERAL_SEQUENTIAL');
      }),
    );
  }
  await eventually(() => paths.every((path) => last.get(path) === '59'));
  expect(session.watchFigures).toEqual({ watched: 20, stale: 0, missed: 0 });
});

test('each node is read once a round, one at a time, spread out, and 50 a second at the most', async () => {
  const reads = new Map<number, number>();
  let running = 0;
  let most = 0;
  const nodes = Array.from({ length: 30 }, (_, index) => ({
    async audit() {
      most = Math.max(most, (running += 1));
      reads.set(index, (reads.get(index) ?? 0) + 1);
      await new Promise(setImmediate);
      running -= 1;
    },
  }));
  const startedAt = performance.now();
  const audit = new Audit(() => nodes, 1);
  await eventually(() => [...reads.values()].reduce((sum, count) => sum + count, 0) === nodes.length);
  const tookMs = performance.now() - startedAt;
  audit.stop();
  expect(most).toBe(1);
  expect(reads.size).toBe(nodes.length);
  // Pauses of 10 to 30 ms, 20 on average, though a round was to take 1 ms.
  expect(tookMs).toBeGreaterThan(nodes.length * 10);
});
