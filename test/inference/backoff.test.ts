import { Backoff } from '../../src/inference/backoff';

test('100 ms, doubling, 30 s at the most', () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 11 }, () => backoff.next());
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test('other pauses, where they are said', () => {
  const backoff = new Backoff(60_000, 200_000);
  expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([60_000, 120_000, 200_000, 200_000]);
});

test('starts anew after it went well for longer than the longest delay', () => {
  const backoff = new Backoff();
  backoff.next();
  backoff.worked(30_000);
  expect(backoff.next()).toBe(200);
  backoff.worked(30_001);
  expect(backoff.next()).toBe(100);
});
