import { Admission } from '../../src/inference/admission';
import { BatcherScene, turn } from './batcher-scene';
import { inForce } from './requests';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const iris = () => new Admission('iris');

/** How many of `count` requests, one after the other, are let in. */
async function letIn(bench: BatcherScene, count: number, terms: ReturnType<typeof inForce>): Promise<number> {
  for (let n = 0; n < count; n += 1) {
    const refused = bench.refusal(terms);
    if (refused !== undefined) {
      await expect(refused).rejects.toMatchObject({ code: 'QUEUE_FULL' });
      return n;
    }
    bench.add(n, terms);
    await turn();
  }
  return count;
}

describe('with maxQueued 0', () => {
  test('of a model without batches, only what a worker takes at once', async () => {
    const terms = inForce({ admission: { maxQueued: 0 } });
    for (const workers of [1, 3]) {
      const bench = new BatcherScene(iris(), { workers, batchable: false });
      expect(await letIn(bench, 10, terms)).toBe(workers);
      expect(bench.admission.waiting).toBe(0);
      await bench.answer();
      expect(await letIn(bench, 10, terms)).toBe(1);
    }
  });

  test('no more than fill the batches of all workers: what waits for one goes with the next', async () => {
    const terms = inForce({ batching: { maxRows: 3 }, admission: { maxConcurrent: 64, maxQueued: 0 } });
    const bench = new BatcherScene(iris());
    expect(await letIn(bench, 10, terms)).toBe(3);
    expect(bench.handedOver).toEqual([['0']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['0'], ['1', '2']]);
    expect(bench.admission.waiting).toBe(0);
    expect(await letIn(bench, 10, terms)).toBe(1);
  });

  test('no more than maxConcurrent, whatever the workers could take', async () => {
    const bench = new BatcherScene(iris(), { workers: 2 });
    expect(await letIn(bench, 10, inForce({ admission: { maxConcurrent: 3, maxQueued: 0 } }))).toBe(3);
  });

  test('a version whose workers are idle takes a request while those of another are busy', async () => {
    const admission = iris();
    const busy = new BatcherScene(admission, { batchable: false });
    const idle = new BatcherScene(admission, { batchable: false });
    const terms = inForce({ admission: { maxQueued: 0 } });
    expect(await letIn(busy, 10, terms)).toBe(1);
    expect(await letIn(idle, 10, terms)).toBe(1);
  });
});

test('with maxQueued 10, ten wait behind the batch that runs and the one that goes next', async () => {
  const bench = new BatcherScene(iris(), { batchable: false });
  expect(await letIn(bench, 100, inForce({ admission: { maxQueued: 10 } }))).toBe(11);
  expect(bench.admission.waiting).toBe(10);
});

test('the refusal says how many of maxConcurrent the workers can have', async () => {
  const bench = new BatcherScene(iris(), { workers: 2, batchable: false });
  const terms = inForce({ admission: { maxConcurrent: 64, maxQueued: 1 } });
  await letIn(bench, 3, terms);
  await expect(bench.refusal(terms)).rejects.toThrow(
    'model iris has 3 requests in hand: at most 2 run or go next and 1 wait behind them ' +
      '(admission.maxConcurrent 64, of which the workers can have 2; admission.maxQueued)',
  );
});

describe('limits that change while requests wait', () => {
  const roomy = inForce({ admission: { maxQueued: 3 } }, 1);
  const strict = inForce({ admission: { maxQueued: 0 } }, 2);

  test('lowered: those that wait stay, nobody else comes until they are gone', async () => {
    const bench = new BatcherScene(iris(), { batchable: false });
    expect(await letIn(bench, 10, roomy)).toBe(4);
    expect(await letIn(bench, 10, strict)).toBe(0);
    for (let left = 4; left > 0; left -= 1) {
      expect(await letIn(bench, 1, strict)).toBe(0);
      await bench.answer();
    }
    expect(bench.handedOver).toEqual([['0'], ['1'], ['2'], ['3']]);
    expect(await letIn(bench, 10, strict)).toBe(1);
  });

  test('lowered: a version with idle workers takes requests though too many wait for another', async () => {
    const admission = iris();
    const busy = new BatcherScene(admission, { batchable: false });
    const idle = new BatcherScene(admission, { batchable: false });
    expect(await letIn(busy, 10, roomy)).toBe(4);
    expect(await letIn(idle, 10, strict)).toBe(1);
    expect(idle.handedOver).toEqual([['0']]);
  });

  test('raised: the next one waits with those that wait already', async () => {
    const bench = new BatcherScene(iris(), { batchable: false });
    expect(await letIn(bench, 10, strict)).toBe(1);
    expect(await letIn(bench, 10, roomy)).toBe(3);
    expect(bench.admission.waiting).toBe(3);
  });
});

test('workers that died have nothing: what they could take is no longer let in', async () => {
  const bench = new BatcherScene(iris(), { workers: 2, batchable: false });
  bench.kill();
  expect(await letIn(bench, 10, inForce({ admission: { maxQueued: 0 } }))).toBe(1);
});
