import { setTimeout as sleep } from 'node:timers/promises';
import { startClock } from '../../src/coordination/clock';
import { consume } from '../../src/coordination/consume';
import { Counter } from '../../src/coordination/counter';
import { hasCode } from '../../src/coordination/persistently';
import { WorkQueue } from '../../src/coordination/work-queue';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { Ensemble } from '../support/ensemble';
import { eventually } from '../support/eventually';

const ITEMS = 60;

it('the recipes hold while a leader is killed and another one takes over', async () => {
  await using ensemble = await Ensemble.start();
  const open = () => openSession({ connectString: ensemble.connectString, sessionTimeoutMs: 10_000 });
  await using first = open();
  await using second = open();
  const sessions: readonly ZooKeeperSession[] = [first, second];
  await Promise.all(sessions.map((session) => session.connected()));
  using clock = await startClock(first, '/clock');
  const term = first.lastZxid.slice(0, 8);

  const done = new Map<string, number>();
  const stop = new AbortController();
  const consuming = sessions.map((session) =>
    consume(
      new WorkQueue(session, '/queue', { maxAttempts: 100 }),
      async (item) => {
        await sleep(5);
        const name = item.data.toString();
        // Once for each that was done, together with the acknowledgement.
        try {
          await item.acknowledge([{ op: 'create', path: `/done/${name}`, data: new Uint8Array() }]);
        } catch (error) {
          // The leader took the answer to its put with it, and it was done before it was looked for: it is there twice.
          if (!hasCode(error, 'NODE_EXISTS')) throw error;
          await item.acknowledge();
          return;
        }
        done.set(name, (done.get(name) ?? 0) + 1);
      },
      { signal: stop.signal, retryAfterMs: 1 },
    ),
  );
  await first.ensurePath('/done');
  const counting = sessions.map(async (session) => {
    for (let turn = 0; turn < ITEMS; turn += 1) await new Counter(session, '/counter').add(1n);
  });
  const putting = (async () => {
    const queue = new WorkQueue(second, '/queue');
    for (let item = 0; item < ITEMS; item += 1) await queue.put(Buffer.from(`item-${item}`));
  })();
  await eventually(() => done.size >= 5);
  const leader = await ensemble.leader();
  await leader.kill('SIGKILL');

  await Promise.all([...counting, putting]);
  await eventually(
    async () => (await first.children('/done'))?.names.length,
    (count) => count === ITEMS,
    60_000,
  );
  await eventually(
    async () => (await first.children('/queue/items'))?.names.length,
    (count) => count === 0,
  );
  stop.abort();
  await Promise.all([...consuming, first.connected()]);
  expect((await first.get('/counter'))?.data.toString()).toBe(`${2 * ITEMS}`);
  expect((await first.children('/counter'))?.names).toEqual([]);
  expect((await first.children('/done'))?.names).toHaveLength(ITEMS);
  expect(Math.max(...done.values())).toBe(1);
  const left = ['items', 'claims', 'dead'].map(
    async (kind) => (await first.children(`/queue/${kind}`))?.names ?? [],
  );
  expect(await Promise.all(left)).toEqual([[], [], []]);

  // Another leader, whose clock has been asked: it is that of this host again.
  expect(first.lastZxid.slice(0, 8) > term).toBe(true);
  const { time, errorBound } = await clock.until(0, { maxErrorMs: 1000 });
  expect(Math.abs(time - Date.now())).toBeLessThan(errorBound + 1000);
}, 240_000);
