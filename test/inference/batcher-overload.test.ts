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

test('the time of a batch is the middle of the last five, with a margin, and half of the timeout at the most', () => {
  const time = new BatchTime();
  for (const ms of [10, 12, 900, 11]) time.took(ms);
  expect(time.expectedMs(1000)).toBe(0);
  time.took(13);
  expect(time.expectedMs(1000)).toBe(1.25 * 12);
  expect(time.expectedMs(20)).toBe(10);
});
