import { BodyPacker } from '../../src/inference/worker/packed-bodies';
import { BatcherScene, turn, defaults } from './batcher-scene';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('requests that need not run', () => {
  test('one whose client has gone is not handed over', async () => {
    const bench = new BatcherScene();
    const client = new AbortController();
    const gone = bench.add('gone', defaults, { signal: client.signal });
    bench.add('here');
    client.abort();
    await turn();
    expect(bench.handedOver).toEqual([['"here"']]);
    await expect(gone.answer).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  });

  test('one whose deadline is over is not handed over', async () => {
    const bench = new BatcherScene();
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
    const bench = new BatcherScene();
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
    const bench = new BatcherScene();
    const [bad, good] = [bench.add('bad'), bench.add('good')];
    await turn();
    await bench.answer((answers) => ({
      ...answers,
      failures: [{ index: 0, code: 'BAD_INPUT', message: 'inputs is missing' }],
    }));
    await expect(bad.answer).rejects.toMatchObject({ code: 'BAD_INPUT', message: 'inputs is missing' });
    expect(String((await good.answer).body)).toBe('"good"');
  });

  test('a request that it leaves out fails, and does not wait for its deadline', async () => {
    const bench = new BatcherScene();
    const left = bench.add(1);
    await turn();
    await bench.answer((answers) => ({ ...answers, bodies: new BodyPacker(0, 0).buffer }));
    await expect(left.answer).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('when a batch cannot be run each of its requests fails with the reason, and the next batch goes', async () => {
    const bench = new BatcherScene();
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
