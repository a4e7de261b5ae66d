import { isMet, ratioOf, type Figure, type Goal } from '../../../bench/figure';
import { shownNumber } from '../../../bench/report/shown-number';
import { markdownTable, textTable } from '../../../bench/report/table';

const figure = (measured: number, against: number, goal?: Goal): Figure => ({
  name: 'speed',
  measured: { value: measured, unit: 'ms', what: 'ours' },
  against: { value: against, unit: 'ms', what: 'theirs' },
  ...(goal === undefined ? {} : { goal }),
});

test.each<[boolean | undefined, number, number, Goal | undefined]>([
  [true, 12, 10, { of: 'ratio', atMost: 1.2 }],
  [false, 13, 10, { of: 'ratio', atMost: 1.2 }],
  [true, 10, 10, { of: 'ratio', atLeast: 1 }],
  [false, 9.9, 10, { of: 'ratio', atLeast: 1 }],
  [true, 1.4, 1, { of: 'difference', below: 0.5 }],
  [false, 1.5, 1, { of: 'difference', below: 0.5 }],
  [true, 0, 0, { of: 'measured', atMost: 0 }],
  [false, 1, 0, { of: 'measured', atMost: 0 }],
  [false, NaN, 10, { of: 'ratio', atMost: 1.2 }],
  [undefined, 1, 10, undefined],
])('%p for %p against %p with %j', (met, measured, against, goal) => {
  expect(isMet(figure(measured, against, goal))).toBe(met);
});

test('there is no ratio to nothing', () => {
  expect(ratioOf(figure(3, 0))).toBeUndefined();
  expect(ratioOf(figure(3, 2))).toBe(1.5);
});

test('a goal that is missed says so, in text and in Markdown', () => {
  const figures = [
    figure(13, 10, { of: 'ratio', atMost: 1.2 }),
    figure(9, 10, { of: 'ratio', atMost: 1.2 }),
    figure(9, 10),
  ];
  const lines = textTable(figures).split('\n');
  expect(lines[2]).toMatch(/^speed +13 ms \(ours\) +10 ms \(theirs\) +1\.30 +at most 1\.2 +MISSED$/);
  expect(lines[3]).toMatch(/0\.90 +at most 1\.2 +yes$/);
  expect(lines[4]).toMatch(/0\.90 +shown$/);
  expect(markdownTable(figures).split('\n')[2]).toBe(
    '| speed | 13 ms (ours) | 10 ms (theirs) | 1.30 | at most 1.2 | MISSED |',
  );
});

test.each([
  [12_345.6, '12,346'],
  [123.4, '123'],
  [12.34, '12.3'],
  [0.0226, '0.02'],
  [0, '0'],
  [NaN, '-'],
])('%p is shown as %s', (value, text) => {
  expect(shownNumber(value)).toBe(text);
});
