import { RequestBody } from '../../src/inference/request-body';
import { config } from './requests';
import { ask, ASKS, output, Scene } from './slot-scene';

/** The worker of version 1 is busy until the gate opens. */
async function busyScene(keys: object): Promise<{ scene: Scene; held: Promise<unknown> }> {
  const scene = await Scene.open();
  await scene.slot.configure(config(keys), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const held = scene.ask(ASKS.waitForGate);
  await scene.traced('1 run -1');
  return { scene, held };
}

test('past maxConcurrent + maxQueued a request is refused, until another was answered', async () => {
  const { scene, held } = await busyScene({
    admission: { maxConcurrent: 1, maxQueued: 2 },
  });
  await using _ = scene;
  const waiting = [scene.ask(), scene.ask()];
  await expect(scene.ask()).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  expect(await queueDepth(scene)).toBe(2);
  await scene.openGate();
  await Promise.all([held, ...waiting]);
  await expect(scene.ask()).resolves.toMatchObject({ version: '1' });
  expect(await queueDepth(scene)).toBe(0);
});

test('a limit that is raised holds for the next arrival', async () => {
  const { scene, held } = await busyScene({
    admission: { maxConcurrent: 1, maxQueued: 0 },
  });
  await using _ = scene;
  await expect(scene.ask()).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  const raised = scene.slot.configure(config({ admission: { maxQueued: 5 } }), 'z2');
  await scene.openGate();
  await Promise.all([held, raised]);
  await expect(Promise.all([scene.ask(), scene.ask(), scene.ask()])).resolves.toHaveLength(3);
});

test('a deadline passes in the worker: 504, and the worker goes on to the next', async () => {
  const { scene, held } = await busyScene({});
  await using _ = scene;
  const [late, waiting] = await Promise.allSettled([
    scene.ask(7, { arrivedAt: performance.now() - 900 }),
    scene.ask(8, { arrivedAt: performance.now() - 900 }),
  ]);
  for (const outcome of [late, waiting]) {
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'DEADLINE_EXCEEDED', message: 'no answer within 1000 ms (admission.timeoutMs)' },
    });
  }
  await scene.openGate();
  await held;
  await scene.ask(9);
  expect((await scene.trace()).map((line) => line.split(' {')[0])).toEqual([
    '1 loading',
    '1 run -1',
    '1 run 9',
  ]);
});

test('a request that is in the worker as its deadline passes is answered 504', async () => {
  await using scene = await Scene.open();
  await scene.slot.configure(config({ admission: { timeoutMs: 50 } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const now = { arrivedAt: performance.now() };
  await expect(scene.ask(ASKS.waitForGate, now)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await scene.openGate();
  await scene.ask();
});

test('a request whose client has gone is not run', async () => {
  const { scene, held } = await busyScene({});
  await using _ = scene;
  const client = new AbortController();
  const gone = scene.ask(7, { signal: client.signal });
  const here = scene.ask(8, { signal: new AbortController().signal });
  client.abort();
  await Promise.all([scene.openGate(), expect(gone).rejects.toMatchObject({ code: 'CLIENT_GONE' })]);
  await Promise.all([held, here]);
  expect((await scene.trace()).map((line) => line.split(' {')[0])).toEqual([
    '1 loading',
    '1 run -1',
    '1 run 8',
  ]);
});

test('a request that lies with the worker is not run once its client has gone or its deadline has passed', async () => {
  await using scene = await Scene.open();
  const timeoutMs = 60_000;
  await scene.slot.configure(
    config({ batching: { maxRows: 2 }, admission: { maxConcurrent: 2, timeoutMs } }),
    'z',
  );
  await scene.slot.serve({ version: '1', stamp: 'a' });
  // From then on it is known how long they take.
  for (let n = 0; n < 5; n += 1) await scene.ask(1);
  const running = [scene.ask(ASKS.waitForGate), scene.ask(2)];
  await scene.traced('1 run -1');
  const client = new AbortController();
  const gone = scene.ask(3, { signal: client.signal });
  const expired = scene.ask(4, { arrivedAt: performance.now() - timeoutMs + 1000 });
  const failed = Promise.all([
    expect(gone).rejects.toMatchObject({ code: 'CLIENT_GONE' }),
    expect(expired).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' }),
  ]);
  await turns();
  client.abort();
  // At once, since they are the worker's; in the queue the first would be found out only when the worker is free.
  await failed;
  await scene.openGate();
  await Promise.all([...running, scene.ask(5)]);
  expect((await scene.trace()).map((line) => line.split(' {')[0]).slice(6)).toEqual([
    '1 run -1',
    '1 run 2',
    '1 run 5',
  ]);
});

test('maxDelayMs gathers requests into one run', async () => {
  await using scene = await Scene.open();
  await scene.slot.configure(
    config({ batching: { maxDelayMs: 1000, maxRows: 3 }, admission: { timeoutMs: 60_000 } }),
    'z',
  );
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const now = { arrivedAt: performance.now() };
  const first = scene.ask(ASKS.nothing, now);
  await turns();
  const second = scene.ask(ASKS.nothing, now);
  await turns();
  expect(await queueDepth(scene)).toBe(2);
  await Promise.all([first, second, scene.ask(ASKS.nothing, now)]);
  const { values } = await scene.metrics.batchRows.get();
  const rows = values.filter(({ metricName }) => metricName?.endsWith('_sum')).map(({ value }) => value);
  const runs = values.filter(({ metricName }) => metricName?.endsWith('_count')).map(({ value }) => value);
  expect([rows, runs]).toEqual([[3], [1]]);
});

test('requests that gather while the worker is busy are answered each for itself', async () => {
  const { scene } = await busyScene({});
  await using _ = scene;
  const answers = [1, 2, 3, 4].map((value) => scene.ask(value));
  const bad = scene.slot.infer({ ...ask(0), body: RequestBody.of(Buffer.from('{"inputs":')) });
  await Promise.all([scene.openGate(), expect(bad).rejects.toMatchObject({ code: 'BAD_INPUT' })]);
  for (const answer of await Promise.all(answers)) expect(output(answer, 'version')).toEqual([1]);
});

async function queueDepth(scene: Scene): Promise<number | undefined> {
  const { values } = await scene.metrics.queueDepth.get();
  return values[0]?.value;
}

/** What was begun has had its turns of the event loop. */
async function turns(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await new Promise(setImmediate);
}
