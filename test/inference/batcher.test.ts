import { Admission } from '../../src/inference/admission';
import { RequestBody } from '../../src/inference/request-body';
import { BatcherScene, defaults, turn } from './batcher-scene';
import { inForce } from './requests';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('natural batching', () => {
  test('what one turn of the event loop brings goes together; what comes while it runs goes next', async () => {
    const bench = new BatcherScene();
    const answers = [bench.add('a'), bench.add('b')].map((admitted) => admitted.answer);
    expect(bench.handedOver).toEqual([]);
    await turn();
    expect(bench.handedOver).toEqual([['"a"', '"b"']]);
    answers.push(...['c', 'd', 'e'].map((body) => bench.add(body).answer));
    await turn();
    expect(bench.handedOver).toHaveLength(1);
    await bench.answer();
    expect(bench.handedOver[1]).toEqual(['"c"', '"d"', '"e"']);
    await bench.answer();
    expect((await Promise.all(answers)).map(({ body }) => String(body))).toEqual([
      '"a"',
      '"b"',
      '"c"',
      '"d"',
      '"e"',
    ]);
    expect(bench.rows).toEqual([2, 3]);
    expect(bench.admission.waiting).toBe(0);
  });

  test('a body that came in pieces is handed over as one', async () => {
    const bench = new BatcherScene();
    const pieces = ['"lo', 'n', 'g"'].map((text) => Buffer.from(text));
    bench.add(1);
    bench.add(2, defaults, { body: new RequestBody(pieces, 6) });
    bench.add(3);
    await turn();
    expect(bench.handedOver).toEqual([['1', '"long"', '3']]);
  });

  test('a batch has maxRows requests at the most', async () => {
    const bench = new BatcherScene();
    const two = inForce({ batching: { maxRows: 2 } });
    for (const body of [1, 2, 3, 4, 5]) bench.add(body, two);
    await turn();
    await bench.answer();
    await bench.answer();
    expect(bench.handedOver).toEqual([['1', '2'], ['3', '4'], ['5']]);
    expect(bench.batches[0]?.maxRows).toBe(2);
  });

  test('a batch has 64 MiB at the most, but at least one request', async () => {
    const bench = new BatcherScene();
    const large = Buffer.alloc(40 * 1024 * 1024);
    const larger = Buffer.alloc(65 * 1024 * 1024);
    for (const body of [large, large, larger, larger]) bench.add(body);
    await turn();
    for (let n = 0; n < 3; n += 1) await bench.answer();
    expect(bench.handedOver.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  });

  test('without a free first dimension requests go one by one', async () => {
    const bench = new BatcherScene(new Admission('fixed'), { batchable: false });
    bench.add(1);
    bench.add(2);
    await turn();
    expect(bench.handedOver).toEqual([['1']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['1'], ['2']]);
  });

  test('each of several workers has a batch in progress', async () => {
    const bench = new BatcherScene(new Admission('iris'), { workers: 2 });
    const one = inForce({ batching: { maxRows: 1 } });
    for (const body of [1, 2, 3]) bench.add(body, one);
    await turn();
    expect(bench.handedOver).toEqual([['1'], ['2']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['1'], ['2'], ['3']]);
  });

  test('a batch is of one config: its rows, params and log level', async () => {
    const bench = new BatcherScene();
    const old = inForce({ params: { threshold: 0.5 } }, 7);
    const next = inForce(
      { params: { threshold: 0.9 }, log: { level: 'debug' }, batching: { maxRows: 3 } },
      8,
    );
    bench.add(1, old);
    bench.add(2, old);
    bench.add(3, next);
    await turn();
    await bench.answer();
    expect(bench.handedOver).toEqual([['1', '2'], ['3']]);
    expect(bench.batches).toEqual([
      expect.objectContaining({
        params: [{ epoch: 7, params: { threshold: 0.5 } }],
        logLevel: 'info',
        maxRows: 64,
      }),
      expect.objectContaining({
        params: [{ epoch: 8, params: { threshold: 0.9 } }],
        logLevel: 'debug',
        maxRows: 3,
      }),
    ]);
    expect(bench.epochs).toEqual([[7, 7], [8]]);
  });
});

describe('maxDelayMs', () => {
  const patient = inForce({ batching: { maxDelayMs: 20, maxRows: 3 } });

  test('the first request waits that long for others, not longer', async () => {
    const bench = new BatcherScene();
    bench.add(1, patient);
    await jest.advanceTimersByTimeAsync(12);
    bench.add(2, patient);
    await jest.advanceTimersByTimeAsync(7);
    expect(bench.handedOver).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(bench.handedOver).toEqual([['1', '2']]);
  });

  test('a batch that is full does not wait', async () => {
    const bench = new BatcherScene();
    for (const body of [1, 2, 3, 4]) bench.add(body, patient);
    await turn();
    expect(bench.handedOver).toEqual([['1', '2', '3']]);
  });

  test('what waited long enough for the worker goes at once', async () => {
    const bench = new BatcherScene();
    for (const body of [1, 2, 3]) bench.add(body, patient);
    await turn();
    bench.add(4, patient);
    await jest.advanceTimersByTimeAsync(25);
    expect(bench.handedOver).toHaveLength(1);
    await bench.answer();
    expect(bench.handedOver[1]).toEqual(['4']);
  });
});

describe('maxConcurrent', () => {
  const two = inForce({ admission: { maxConcurrent: 2 } });

  test('no more than that are handed over', async () => {
    const bench = new BatcherScene(new Admission('iris'), { workers: 2 });
    for (const body of [1, 2, 3]) bench.add(body, two);
    await turn();
    expect(bench.handedOver).toEqual([['1'], ['2']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['1'], ['2'], ['3']]);
  });

  test('is shared by the workers: one batch does not take all of it', async () => {
    const bench = new BatcherScene(new Admission('iris'), { workers: 2 });
    const four = inForce({ admission: { maxConcurrent: 4 } });
    for (const body of [1, 2, 3, 4, 5]) bench.add(body, four);
    await turn();
    expect(bench.handedOver).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test('is shared by the generations of a model, and a busy one does not starve the other', async () => {
    const admission = new Admission('iris');
    const busy = new BatcherScene(admission);
    const other = new BatcherScene(admission);
    for (const body of [1, 2, 3, 4, 5, 6]) busy.add(body, two);
    await turn();
    other.add('other', two);
    await turn();
    expect(other.handedOver).toEqual([]);
    await busy.answer();
    expect(other.handedOver).toEqual([['"other"']]);
    expect(busy.handedOver).toEqual([['1', '2'], ['3']]);
    await busy.answer();
    await other.answer();
    expect(busy.handedOver).toEqual([['1', '2'], ['3'], ['4']]);
  });
});
