import type { Departure } from '../../src/inference/departure';
import { Quarantine, type Promotion } from '../../src/inference/quarantine';

const ended: Departure = { how: 'ended', reason: 'exit code 7' };
const hung: Departure = { how: 'hung', reason: 'nothing came back' };
const MINUTE_MS = 60_000;
const EPOCH = 1;
const of: Promotion = { version: '2', stamp: 'b' };

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('the third loss within ten minutes is one too many', () => {
  const quarantine = new Quarantine();
  expect(quarantine.count(of, EPOCH, ended)).toBe(false);
  jest.advanceTimersByTime(5 * MINUTE_MS);
  expect(quarantine.count(of, EPOCH, hung)).toBe(false);
  jest.advanceTimersByTime(5 * MINUTE_MS);
  // The first is ten minutes old.
  expect(quarantine.count(of, EPOCH, ended)).toBe(false);
  expect(quarantine.count(of, EPOCH, ended)).toBe(true);
  expect(quarantine.tooManyHang).toBe(false);
  expect(quarantine.faultOf('m', of, ended)).toMatchObject({
    code: 'QUARANTINED',
    retryable: false,
    message:
      'version 2 of model m has lost 3 workers within 10 minutes (the last one ended: exit code 7) ' +
      'and is not started again until it is promoted again',
  });
});

test('workers that hang are counted by themselves, too', () => {
  const quarantine = new Quarantine();
  for (const departure of [hung, hung, ended]) quarantine.count(of, EPOCH, departure);
  expect(quarantine.tooManyHang).toBe(false);
  quarantine.count(of, EPOCH, hung);
  expect(quarantine.tooManyHang).toBe(true);
});

test.each([
  ['another version', { version: '3', stamp: 'b' }, EPOCH],
  ['another promotion of it', { version: '2', stamp: 'c' }, EPOCH],
  ['another config', of, EPOCH + 1],
])('%s begins at none', (_, other, epoch) => {
  const quarantine = new Quarantine();
  for (let loss = 0; loss < 3; loss += 1) quarantine.count(of, EPOCH, ended);
  expect(quarantine.count(other, epoch, ended)).toBe(false);
});

test('only the promotion that was closed is refused', () => {
  const quarantine = new Quarantine();
  const fault = quarantine.faultOf('m', of, ended);
  quarantine.close(of, fault);
  expect(() => {
    quarantine.requireOpen(of);
  }).toThrow(fault);
  quarantine.requireOpen({ ...of, stamp: 'c' });
  quarantine.requireOpen({ ...of, version: '1' });
});
