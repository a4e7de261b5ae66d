import { BatchTime } from '../../src/inference/batch-time';
import { BatcherScene, turn } from './batcher-scene';
import { inForce } from './requests';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const EVERY_MS = 25;
const BATCH_MS = 200;
const ROWS = 8;
const LASTS_MS = 20_000;

test('with twice the requests that can be carried, nearly all that are run are answered in time', async () => {
  const bench = new BatcherScene();
  const terms = inForce({ batching: { maxRows: ROWS }, admission: { timeoutMs: 1000 } });
  const outcomes = { inTime: 0, late: 0 };
  for (let at = EVERY_MS; at <= LASTS_MS; at += EVERY_MS) {
    for (const body of ['a', 'b']) {
      bench.add(body, terms).answer.then(
        () => (outcomes.inTime += 1),
        () => (outcomes.late += 1),
      );
    }
    await jest.advanceTimersByTimeAsync(EVERY_MS);
    if (at % BATCH_MS === 0) await bench.answer();
  }
  const carried = (LASTS_MS / BATCH_MS) * ROWS;
  expect(outcomes.inTime).toBeGreaterThan(0.9 * carried);
  expect(outcomes.late).toBeGreaterThan(0.5 * carried);
});

test('a request that has just come is tried however long batches took before', async () => {
  const bench = new BatcherScene();
  const terms = inForce({ admission: { timeoutMs: 100 } });
  for (let n = 0; n < 10; n += 1) {
    const refused = expect(bench.add(n, terms).answer).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await turn();
    await jest.advanceTimersByTimeAsync(5000);
    await bench.answer();
    await refused;
  }
  const { answer } = bench.add('quick', terms);
  await turn();
  await bench.answer();
  expect(String((await answer).body)).toBe('"quick"');
});

test('requests that wait for company are run in time to be answered, however long batches take', async () => {
  const bench = new BatcherScene();
  const terms = inForce({ batching: { maxDelayMs: 400 }, admission: { timeoutMs: 800 } });
  for (let n = 0; n < 20; n += 1) {
    const requests = [bench.add(n, terms), bench.add(n, terms)];
    await jest.advanceTimersByTimeAsync(400);
    expect(bench.handedOver[n]).toEqual([String(n), String(n)]);
    await jest.advanceTimersByTimeAsync(350);
    await bench.answer();
    for (const { answer } of requests) expect(String((await answer).body)).toBe(String(n));
  }
});

test('company is waited for during half of the timeout at the most', async () => {
  const bench = new BatcherScene();
  bench.add(1, inForce({ batching: { maxDelayMs: 1000 }, admission: { timeoutMs: 100 } }));
  await jest.advanceTimersByTimeAsync(49);
  expect(bench.handedOver).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(bench.handedOver).toEqual([['1']]);
});

describe('after batches that took most of the timeout', () => {
  const terms = inForce({ admission: { timeoutMs: 100 } });
  const slow = async (): Promise<BatcherScene> => {
    const bench = new BatcherScene();
    for (let n = 0; n < 5; n += 1) {
      bench.add('slow', terms);
      await turn();
      await jest.advanceTimersByTimeAsync(80);
      await bench.answer();
    }
    bench.batches.length = 0;
    return bench;
  };
  const old = () => ({ arrivedAt: performance.now() - 60 });

  test('a request makes way for the next one, and is told why', async () => {
    const bench = await slow();
    const { answer } = bench.add('old', terms, old());
    bench.add('new', terms);
    await Promise.all([
      expect(answer).rejects.toMatchObject({
        code: 'DEADLINE_EXCEEDED',
        message: 'not run, since no answer could be expected within 100 ms (admission.timeoutMs)',
      }),
      turn(),
    ]);
    expect(bench.handedOver).toEqual([['"new"']]);
  });

  test('the last one is tried all the same, and if several are late, only that', async () => {
    const bench = await slow();
    const [first, last] = [bench.add('first', terms, old()), bench.add('last', terms, old())];
    await Promise.all([expect(first.answer).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' }), turn()]);
    expect(bench.handedOver).toEqual([['"last"']]);
    await bench.answer();
    expect(String((await last.answer).body)).toBe('"last"');
  });

  test('the last one is not tried past its deadline', async () => {
    const bench = await slow();
    const { answer } = bench.add('expired', terms, { arrivedAt: performance.now() - 101 });
    await Promise.all([
      expect(answer).rejects.toMatchObject({ message: 'no answer within 100 ms (admission.timeoutMs)' }),
      turn(),
    ]);
    expect(bench.handedOver).toEqual([]);
  });
});

test('one that expires between two looks at the clock does not hold up the next, of another config', async () => {
  const bench = new BatcherScene();
  bench.add('first', inForce({ admission: { timeoutMs: 100 } }, 1));
  const next = bench.add('next', inForce({ admission: { timeoutMs: 200 } }, 2));
  const now = performance.now();
  let looks = 0;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now + (looks++ === 0 ? 0 : 100));
  await turn();
  clock.mockRestore();
  expect(bench.handedOver).toEqual([['"first"']]);
  await bench.answer();
  await bench.answer();
  expect(String((await next.answer).body)).toBe('"next"');
});

test('the time of a batch is the middle of the last five, with a margin, and half of the timeout at the most', () => {
  const time = new BatchTime();
  for (const ms of [10, 12, 900, 11]) time.took(ms);
  expect(time.expectedMs(1000)).toBe(0);
  time.took(13);
  expect(time.expectedMs(1000)).toBe(1.25 * 12);
  expect(time.expectedMs(20)).toBe(10);
});
