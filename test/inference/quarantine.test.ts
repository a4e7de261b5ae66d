import type { Departure } from '../../src/inference/departure';
import {
  Quarantine,
  quarantinedFor,
  quarantinedUntilPromoted,
  type Promotion,
} from '../../src/inference/quarantine';

const ended: Departure = { how: 'ended', reason: 'exit code 7' };
const hung: Departure = { how: 'hung', reason: 'nothing came back' };
const MINUTE_MS = 60_000;
const of: Promotion = { version: '2', stamp: 'b' };
/** Of a version that had worked for a second. */
const loss = (departure: Departure, workedMs = 1000) => ({ departure, epoch: 1, workedMs });

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('the third loss within ten minutes is one too many', () => {
  const quarantine = new Quarantine();
  expect(quarantine.count(of, loss(ended))).toBe(false);
  jest.advanceTimersByTime(5 * MINUTE_MS);
  expect(quarantine.count(of, loss(hung))).toBe(false);
  jest.advanceTimersByTime(5 * MINUTE_MS);
  // The first is ten minutes old.
  expect(quarantine.count(of, loss(ended))).toBe(false);
  expect(quarantine.count(of, loss(ended))).toBe(true);
  expect(quarantine.tooManyHang).toBe(false);
  expect(quarantine.reasonOf(ended)).toBe(
    'it has lost 3 workers within 10 minutes (the last one ended: exit code 7)',
  );
});

test('on probation each loss is one too many, until it has worked for ten minutes', () => {
  const quarantine = new Quarantine();
  for (let lost = 0; lost < 3; lost += 1) quarantine.count(of, loss(ended));
  expect(quarantine.putOnProbation()).toBe(true);
  jest.advanceTimersByTime(60 * MINUTE_MS);
  expect(quarantine.count(of, loss(ended, 9 * MINUTE_MS))).toBe(true);
  expect(quarantine.putOnProbation()).toBe(false);
  expect(quarantine.reasonOf(ended)).toBe('it has lost a worker again (that ended: exit code 7)');
  jest.advanceTimersByTime(60 * MINUTE_MS);
  expect(quarantine.count(of, loss(ended, 10 * MINUTE_MS))).toBe(false);
  expect(quarantine.putOnProbation()).toBe(true);
});

test('workers that hang are counted by themselves, too', () => {
  const quarantine = new Quarantine();
  for (const departure of [hung, hung, ended]) quarantine.count(of, loss(departure));
  expect(quarantine.tooManyHang).toBe(false);
  quarantine.count(of, loss(hung));
  expect(quarantine.tooManyHang).toBe(true);
});

test.each([
  ['another version', { version: '3', stamp: 'b' }, 1],
  ['another promotion of it', { version: '2', stamp: 'c' }, 1],
  ['another config', of, 2],
])('%s begins at none, and not on probation', (_, other, epoch) => {
  const quarantine = new Quarantine();
  for (let lost = 0; lost < 3; lost += 1) quarantine.count(of, loss(ended));
  quarantine.putOnProbation();
  expect(quarantine.count(other, { ...loss(ended), epoch })).toBe(false);
});

test('only the promotion that was closed is refused', () => {
  const quarantine = new Quarantine();
  const fault = quarantinedUntilPromoted('m', of, 'a reason');
  quarantine.close(of, fault);
  expect(() => {
    quarantine.requireOpen(of);
  }).toThrow(fault);
  quarantine.requireOpen({ ...of, stamp: 'c' });
  quarantine.requireOpen({ ...of, version: '1' });
});

test('what is told of a version says what ends its quarantine', () => {
  const base = 'version 2 of model m is quarantined: a reason; ';
  expect(quarantinedUntilPromoted('m', of, 'a reason')).toMatchObject({
    code: 'QUARANTINED',
    retryable: false,
    message: `${base}it is not started again until it is promoted again`,
  });
  expect(quarantinedFor('m', of, 'a reason', 60_000)).toMatchObject({
    code: 'QUARANTINED',
    retryable: true,
    message: `${base}no other version can answer in its place, so it is started again in 60 s, or when it is promoted again`,
  });
});
