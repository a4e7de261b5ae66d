import { Admission } from '../../src/inference/admission';
import type { AdmittedRequest } from '../../src/inference/admitted-request';
import { Batcher, type BatchToRun } from '../../src/inference/batcher';
import type { ConfigInForce } from '../../src/inference/config-in-force';
import { Expected } from '../../src/inference/expected';
import type { InferenceRequest } from '../../src/inference/inference-request';
import type { BatchAnswers } from '../../src/inference/worker/protocol';
import { admit, inForce, request } from './requests';

const defaults = inForce();

/** A batcher before workers that answer each request with its own body, when they are told to. */
class Bench {
  readonly batches: BatchToRun[] = [];
  readonly rows: number[] = [];
  readonly batcher: Batcher;
  readonly #unanswered: Expected<BatchAnswers>[] = [];

  constructor(
    readonly admission = new Admission('iris'),
    { workers = 1, batchable = true } = {},
  ) {
    const run = (batch: BatchToRun) => {
      this.batches.push(batch);
      const answers = new Expected<BatchAnswers>();
      this.#unanswered.push(answers);
      return answers.promise;
    };
    this.batcher = new Batcher({
      runners: Array.from({ length: workers }, () => (batch: BatchToRun) => run(batch)),
      batchable,
      admission,
      onRows: (rows) => this.rows.push(rows),
    });
  }

  add(body: unknown, terms: ConfigInForce = defaults, rest: Partial<InferenceRequest> = {}): AdmittedRequest {
    const admitted = admit(this.admission, terms, request(body, rest));
    this.batcher.add(admitted);
    return admitted;
  }

  /** The bodies of each batch that was handed over. */
  get handedOver(): string[][] {
    return this.batches.map(({ bodies, requests }) =>
      requests.map(({ offset, length }) => Buffer.from(bodies, offset, length).toString()),
    );
  }

  /** Answers the oldest batch that is in progress. */
  async answer(change: (answers: BatchAnswers) => BatchAnswers = (answers) => answers): Promise<void> {
    const batch = this.batches[this.batches.length - this.#unanswered.length];
    if (batch === undefined) throw new Error('no batch is in progress');
    this.#unanswered.shift()?.resolve(
      change({
        type: 'answers',
        id: 0,
        bodies: batch.bodies,
        answers: batch.requests.map((part) => ({ ...part, ok: true })),
        rows: [batch.requests.length],
      }),
    );
    await turn();
  }

  fail(error: Error): Promise<void> {
    this.#unanswered.shift()?.reject(error);
    return turn();
  }
}

async function turn(): Promise<void> {
  await jest.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('natural batching', () => {
  test('what one turn of the event loop brings goes together; what comes while it runs goes next', async () => {
    const bench = new Bench();
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

  test('a batch has maxRows requests at the most', async () => {
    const bench = new Bench();
    const two = inForce({ batching: { maxRows: 2 } });
    for (const body of [1, 2, 3, 4, 5]) bench.add(body, two);
    await turn();
    await bench.answer();
    await bench.answer();
    expect(bench.handedOver).toEqual([['1', '2'], ['3', '4'], ['5']]);
    expect(bench.batches[0]?.maxRows).toBe(2);
  });

  test('a batch has 64 MiB at the most, but at least one request', async () => {
    const bench = new Bench();
    const large = Buffer.alloc(40 * 1024 * 1024);
    const larger = Buffer.alloc(65 * 1024 * 1024);
    for (const body of [large, large, larger, larger]) bench.add(body);
    await turn();
    for (let n = 0; n < 3; n += 1) await bench.answer();
    expect(bench.batches.map(({ requests }) => requests.length)).toEqual([1, 1, 1, 1]);
  });

  test('without a free first dimension requests go one by one', async () => {
    const bench = new Bench(new Admission('fixed'), { batchable: false });
    bench.add(1);
    bench.add(2);
    await turn();
    expect(bench.handedOver).toEqual([['1']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['1'], ['2']]);
  });

  test('each of several workers has a batch in progress', async () => {
    const bench = new Bench(new Admission('iris'), { workers: 2 });
    const one = inForce({ batching: { maxRows: 1 } });
    for (const body of [1, 2, 3]) bench.add(body, one);
    await turn();
    expect(bench.handedOver).toEqual([['1'], ['2']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['1'], ['2'], ['3']]);
  });

  test('a batch is of one config: its rows, params and log level', async () => {
    const bench = new Bench();
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
    expect(bench.batches[1]?.requests[0]?.params).toBe(8);
  });
});

describe('maxDelayMs', () => {
  const patient = inForce({ batching: { maxDelayMs: 20, maxRows: 3 } });

  test('the first request waits that long for others, not longer', async () => {
    const bench = new Bench();
    bench.add(1, patient);
    await jest.advanceTimersByTimeAsync(12);
    bench.add(2, patient);
    await jest.advanceTimersByTimeAsync(7);
    expect(bench.handedOver).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(bench.handedOver).toEqual([['1', '2']]);
  });

  test('a batch that is full does not wait', async () => {
    const bench = new Bench();
    for (const body of [1, 2, 3, 4]) bench.add(body, patient);
    await turn();
    expect(bench.handedOver).toEqual([['1', '2', '3']]);
  });

  test('what waited long enough for the worker goes at once', async () => {
    const bench = new Bench();
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
    const bench = new Bench(new Admission('iris'), { workers: 2 });
    for (const body of [1, 2, 3]) bench.add(body, two);
    await turn();
    expect(bench.handedOver).toEqual([['1', '2']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['1', '2'], ['3']]);
  });

  test('is shared by the generations of a model, and a busy one does not starve the other', async () => {
    const admission = new Admission('iris');
    const busy = new Bench(admission);
    const other = new Bench(admission);
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

describe('requests that need not run', () => {
  test('one whose client has gone is not handed over', async () => {
    const bench = new Bench();
    const client = new AbortController();
    const gone = bench.add('gone', defaults, { signal: client.signal });
    bench.add('here');
    client.abort();
    await turn();
    expect(bench.handedOver).toEqual([['"here"']]);
    await expect(gone.answer).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  });

  test('one whose deadline is over is not handed over', async () => {
    const bench = new Bench();
    bench.add('first');
    await turn();
    const late = bench.add('late', defaults, { arrivedAt: performance.now() - 1001 });
    const still = bench.add('still');
    await bench.answer();
    expect(bench.handedOver).toEqual([['"first"'], ['"still"']]);
    await expect(late.answer).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await bench.answer();
    expect(String((await still.answer).body)).toBe('"still"');
  });

  test('an answer that comes after the deadline is dropped, and the next batch goes', async () => {
    const bench = new Bench();
    const late = bench.add('late');
    await jest.advanceTimersByTimeAsync(1100);
    await expect(late.answer).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    bench.add('next');
    await turn();
    expect(bench.handedOver).toEqual([['"late"']]);
    await bench.answer();
    expect(bench.handedOver).toEqual([['"late"'], ['"next"']]);
  });
});

describe('what the worker says', () => {
  test('a request that fails alone fails alone', async () => {
    const bench = new Bench();
    const [bad, good] = [bench.add('bad'), bench.add('good')];
    await turn();
    await bench.answer((answers) => ({
      ...answers,
      answers: answers.answers.map((answer, index) =>
        index === 0 ? { ok: false, code: 'BAD_INPUT', message: 'inputs is missing' } : answer,
      ),
    }));
    await expect(bad.answer).rejects.toMatchObject({ code: 'BAD_INPUT', message: 'inputs is missing' });
    expect(String((await good.answer).body)).toBe('"good"');
  });

  test('a request that it leaves out fails, and does not wait for its deadline', async () => {
    const bench = new Bench();
    const left = bench.add(1);
    await turn();
    await bench.answer((answers) => ({ ...answers, answers: [] }));
    await expect(left.answer).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('when a batch cannot be run each of its requests fails with the reason, and the next batch goes', async () => {
    const bench = new Bench();
    const lost = bench.add(1);
    await turn();
    bench.add(2);
    await bench.fail(new Error('no memory'));
    await expect(lost.answer).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'a batch could not be run: no memory',
    });
    expect(bench.handedOver).toEqual([['1'], ['2']]);
  });
});
