import { ConcurrencyLimit } from '../../src/streams/concurrency-limit';

describe('ConcurrencyLimit', () => {
  it('runs so many at a time, in order, and goes on after one that fails', async () => {
    const limit = new ConcurrencyLimit(2);
    const started: number[] = [];
    let running = 0;
    let most = 0;
    const task = (number: number) => async () => {
      started.push(number);
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      if (number === 1) throw new Error('of task 1');
      return number;
    };
    const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map((number) => limit.run(task(number))));
    expect(started).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(await limit.run(task(5))).toBe(5);
  });
});
