import { poissonArrivals } from '../../../bench/load/arrivals';

test('arrivals have the rate asked for, ascend and end with the time', () => {
  const arrivals = poissonArrivals(1000, 20_000, 7);
  expect(arrivals.length).toBeGreaterThan(19_000);
  expect(arrivals.length).toBeLessThan(21_000);
  expect(arrivals.every((at, i) => at >= (arrivals[i - 1] ?? 0) && at < 20_000)).toBe(true);
});

test('gaps are those of independent clients: as spread as they are long on average', () => {
  const arrivals = poissonArrivals(1000, 20_000, 7);
  const gaps = Array.from(arrivals.subarray(1), (at, i) => at - (arrivals[i] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(deviation / mean).toBeCloseTo(1, 1);
});

test('a seed makes the same arrivals again, another seed others', () => {
  expect(poissonArrivals(100, 1000, 1)).toEqual(poissonArrivals(100, 1000, 1));
  expect(poissonArrivals(100, 1000, 1)).not.toEqual(poissonArrivals(100, 1000, 2));
});
