import { median, percentile } from '../../bench/percentile';

test('a percentile is the smallest value that so many do not exceed', () => {
  const values = [15, 20, 35, 40, 50];
  expect(percentile(values, 0.05)).toBe(15);
  expect(percentile(values, 0.3)).toBe(20);
  expect(percentile(values, 0.4)).toBe(20);
  expect(percentile(values, 0.5)).toBe(35);
  expect(percentile(values, 1)).toBe(50);
  expect(percentile(values, 0)).toBe(15);
});

test('p99 of a hundred values leaves one above it, in whatever order they came', () => {
  const values = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
  expect(percentile(values, 0.99)).toBe(98);
});

test('the median of an even number is between the two in the middle', () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('nothing has no percentile, and a request without an answer counts as the slowest', () => {
  expect(percentile([], 0.99)).toBeNaN();
  expect(median([])).toBeNaN();
  expect(percentile([1, Infinity, 2], 0.99)).toBe(Infinity);
});
