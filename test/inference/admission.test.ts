import { RequestError } from '../../src/errors';
import { Admission } from '../../src/inference/admission';
import { admit, inForce, refusal, request } from './requests';

const limits = inForce({ admission: { maxConcurrent: 2, maxQueued: 1, timeoutMs: 1000 } });

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('places', () => {
  test('maxConcurrent + maxQueued requests are let in, the next is refused with the limits', async () => {
    const admission = new Admission('iris');
    admit(admission, limits);
    admit(admission, limits);
    admit(admission, limits);
    await expect(refusal(admission, limits)).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      message:
        'model iris has 3 requests in hand: at most 2 run or go next and 1 wait behind them (admission.maxConcurrent; admission.maxQueued)',
    });
    expect(admission.waiting).toBe(3);
  });

  test('a refusal is made anew only when its figures are', async () => {
    const admission = new Admission('iris');
    for (let n = 0; n < 3; n += 1) admit(admission, limits);
    const first = refusal(admission, limits);
    expect(first).toBeDefined();
    expect(refusal(admission, limits)).toBe(first);
    const lowered = inForce({ admission: { maxConcurrent: 1, maxQueued: 1 } });
    await expect(refusal(admission, lowered)).rejects.toMatchObject({
      message: expect.stringContaining('at most 1 run or go next and 1 wait behind them') as string,
    });
  });

  test('a limit that was raised holds for the next arrival', () => {
    const admission = new Admission('iris');
    for (let n = 0; n < 3; n += 1) admit(admission, limits);
    const raised = inForce({ admission: { maxConcurrent: 2, maxQueued: 2 } });
    expect(admit(admission, raised).waiting).toBe(true);
  });

  test('a place is given back once, however often the request is settled', async () => {
    const admission = new Admission('iris');
    const first = admit(admission, limits);
    admission.handOver(first);
    expect(admission.waiting).toBe(0);
    expect(admission.room(2, jest.fn())).toBe(1);
    first.succeed(Buffer.from('answer'), -1);
    first.failExpired();
    first.succeed(Buffer.from('another'), -1);
    expect(String((await first.answer).body)).toBe('answer');
    expect(admission.room(2, jest.fn())).toBe(2);
    expect(admission.waiting).toBe(0);
  });

  test('waiting requests whose clients have gone make room in a full queue', async () => {
    const admission = new Admission('iris');
    const client = new AbortController();
    admission.handOver(admit(admission, limits));
    admit(admission, limits);
    const gone = admit(admission, limits, request({}, { signal: client.signal }));
    client.abort();
    expect(admit(admission, limits).waiting).toBe(true);
    await expect(gone.answer).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  });

  test('bodies of 256 MiB are let in, what does not fit beside them is refused; one alone may be larger', async () => {
    const admission = new Admission('iris');
    const roomy = inForce();
    const body = (mebibytes: number) => request(Buffer.alloc(mebibytes * 2 ** 20));
    const larger = admit(admission, roomy, body(300));
    await expect(refusal(admission, roomy, body(1))).rejects.toThrow(
      'model iris has requests with bodies of 314572800 bytes in hand: 1048576 more do not fit into 268435456',
    );
    larger.fail(new RequestError('INTERNAL', 'settled'));
    const half = admit(admission, roomy, body(128));
    admission.handOver(half);
    admit(admission, roomy, body(128));
    expect(refusal(admission, roomy, request(Buffer.alloc(1)))).toBeDefined();
    half.succeed(Buffer.of(), -1);
    expect(admit(admission, roomy, body(64)).waiting).toBe(true);
  });

  test('a request that runs keeps its place though its client has gone', () => {
    const admission = new Admission('iris');
    const client = new AbortController();
    admission.handOver(admit(admission, limits, request({}, { signal: client.signal })));
    admit(admission, limits);
    admit(admission, limits);
    client.abort();
    expect(refusal(admission, limits)).toBeDefined();
  });
});

describe('room to hand over', () => {
  test('those who found none get their turns in order, whoever asks first', () => {
    const admission = new Admission('iris');
    const runs = [admit(admission, limits), admit(admission, limits)];
    runs.forEach((run) => {
      admission.handOver(run);
    });
    const turns: string[] = [];
    const first = jest.fn(() => {
      turns.push(`first ${admission.room(2, first)}`);
    });
    const second = jest.fn(() => {
      turns.push(`second ${admission.room(2, second)}`);
    });
    expect(admission.room(2, first)).toBe(0);
    expect(admission.room(2, second)).toBe(0);
    runs[0]?.succeed(Buffer.of(), -1);
    expect(admission.room(2, second)).toBe(0);
    jest.advanceTimersByTime(0);
    expect(turns).toEqual(['first 1', 'second 1']);
  });

  test('nobody is called while there is none', () => {
    const admission = new Admission('iris');
    const runs = [admit(admission, limits), admit(admission, limits)];
    runs.forEach((run) => {
      admission.handOver(run);
    });
    const onRoom = jest.fn();
    expect(admission.room(1, onRoom)).toBe(0);
    runs[0]?.succeed(Buffer.of(), -1);
    jest.advanceTimersByTime(0);
    expect(onRoom).not.toHaveBeenCalled();
    runs[1]?.succeed(Buffer.of(), -1);
    jest.advanceTimersByTime(0);
    expect(onRoom).toHaveBeenCalledTimes(1);
  });
});

describe('deadlines', () => {
  test('each request fails when its own time from arrival is over, waiting or running', async () => {
    const admission = new Admission('iris');
    const late = request({}, { arrivedAt: performance.now() - 400 });
    const slow = inForce({ admission: { timeoutMs: 1500 } });
    const running = admit(admission, limits);
    admission.handOver(running);
    const patient = admit(admission, slow);
    const older = admit(admission, limits, late);
    const outcome = jest.fn<undefined, [string, unknown]>();
    for (const [name, admitted] of Object.entries({ running, patient, older })) {
      admitted.answer.catch((error: unknown) => {
        outcome(name, error);
      });
    }
    await jest.advanceTimersByTimeAsync(590);
    expect(outcome).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(20);
    expect(outcome.mock.calls).toEqual([
      [
        'older',
        expect.objectContaining({
          code: 'DEADLINE_EXCEEDED',
          message: 'no answer within 1000 ms (admission.timeoutMs)',
        }),
      ],
    ]);
    await jest.advanceTimersByTimeAsync(400);
    expect(outcome.mock.lastCall?.[0]).toBe('running');
    expect(admission.waiting).toBe(1);
    await jest.advanceTimersByTimeAsync(500);
    expect(outcome.mock.lastCall?.[0]).toBe('patient');
    expect(outcome).toHaveBeenCalledTimes(3);
    expect(admission.waiting).toBe(0);
  });

  test('a timeout longer than any timer holds', async () => {
    const admission = new Admission('iris');
    const admitted = admit(admission, inForce({ admission: { timeoutMs: 2_147_483_647 } }));
    await jest.advanceTimersByTimeAsync(1000);
    expect(admitted.waiting).toBe(true);
  });

  test('many requests share one timer', () => {
    const admission = new Admission('iris');
    const many = inForce({ admission: { maxConcurrent: 1000 } });
    for (let n = 0; n < 500; n += 1) admit(admission, many);
    expect(jest.getTimerCount()).toBe(1);
  });
});

test('drained() resolves when the last request is settled, and leaves no timer', async () => {
  const admission = new Admission('iris');
  const last = admit(admission, limits);
  const drained = jest.fn();
  void admission.drained().then(drained);
  await jest.advanceTimersByTimeAsync(10);
  expect(drained).not.toHaveBeenCalled();
  last.succeed(Buffer.of(), -1);
  await jest.advanceTimersByTimeAsync(0);
  expect(drained).toHaveBeenCalled();
  expect(jest.getTimerCount()).toBe(0);
  await new Admission('idle').drained();
});
