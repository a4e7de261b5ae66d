import { setTimeout as sleep } from 'node:timers/promises';
import { anySignal } from '../../src/any-signal';
import { consume } from '../../src/coordination/consume';
import { errorMessage } from '../../src/errors';
import { breakConnections, expectBroken } from '../support/random-faults';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { openThroughProxy, type SessionThroughProxy } from '../support/session-through-proxy';
import { QueueScene } from './queue-scene';

const WORKERS = 4;
const ITEMS = 60;
const RUN_MS = 6000;

let scene: QueueScene;
let clients: [SessionThroughProxy, ...SessionThroughProxy[]];
beforeAll(async () => {
  scene = await QueueScene.start();
  scene.useFreshQueue();
  const opening = Array.from({ length: WORKERS }, () =>
    openThroughProxy(scene.zookeeper, { sessionTimeoutMs: 1000 }),
  );
  clients = (await Promise.all(opening)) as typeof clients;
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  await scene[Symbol.asyncDispose]();
});

it(`loses no item and does none twice by its transactions, whatever happens (seed ${TEST_SEED})`, async () => {
  const random = new SeededRandom(TEST_SEED);
  const { directory, first } = scene;
  await first.ensurePath(`${directory}/done`);
  const faults = new AbortController();
  const stop = new AbortController();
  const options = { maxAttempts: 1000 };
  const breaking = breakConnections(clients, random, anySignal([faults.signal, AbortSignal.timeout(RUN_MS)]));

  let began = 0;
  const consuming = clients.map(({ session }) =>
    consume(
      scene.queueOf(session, options),
      async (item) => {
        began += 1;
        await sleep(random.between(0, 30));
        if (random.next() < 0.2) throw new Error('bad luck');
        // Its name: made a second time, it would fail.
        const path = `${directory}/done/${item.data.toString()}`;
        await item.acknowledge([{ op: 'create', path, data: Buffer.from(item.token) }]);
      },
      { signal: stop.signal, retryAfterMs: 1 },
    ),
  );
  const names = Array.from({ length: ITEMS }, (_, index) => `item-${index}`);
  for (const name of names) {
    await scene.queue.put(Buffer.from(name));
    await sleep(random.between(0, (2 * RUN_MS) / ITEMS));
  }
  const broken = await breaking;
  faults.abort();
  await scene.eventuallyTree({ items: [], claims: [], dead: [] });
  stop.abort();
  await Promise.all(consuming).catch((error: unknown) => {
    throw new Error(`a consumer ended: ${errorMessage(error)}`);
  });

  const done = (await first.children(`${directory}/done`))?.names ?? [];
  expect([...done].sort()).toEqual([...names].sort());
  expect(began).toBeGreaterThanOrEqual(ITEMS);
  expectBroken(clients, broken);
  await scene.expectNoWatches();
});
