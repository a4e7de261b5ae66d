import { afterEnd } from '../../src/state/after-end';
import type { LeftAtWork } from '../../src/state/at-work';
import { type LifeRecord, NO_LIFE, type PromotedHere, type ServedHere } from '../../src/state/life-record';

const MACHINE = { boot: 'a', outOfMemoryKills: 3 };
const IRIS: PromotedHere = { model: 'iris', version: '2', stamp: '0000000000000020' };
const DIGITS: PromotedHere = { model: 'digits', version: '1', stamp: '0000000000000010' };
const IDLE: LeftAtWork = { running: [], loading: false };
const running = (...versions: PromotedHere[]): LeftAtWork => ({ running: versions, loading: false });
const proven = ({ model, version, stamp }: PromotedHere): ServedHere => ({
  ...{ model, version, mzxid: stamp, sha256: '0'.repeat(64) },
  proven: true,
});

/** A replica whose processes, one after another, ended with that at work. */
function ends(atWork: readonly LeftAtWork[], record: LifeRecord = NO_LIFE) {
  let verdict = { record, convicted: afterEnd(NO_LIFE, IDLE, MACHINE).convicted };
  for (const left of atWork) {
    const life = { machine: MACHINE, settled: false, serves: ['iris/2'] };
    verdict = afterEnd({ ...verdict.record, life }, left, MACHINE);
  }
  return verdict;
}

test('a version is quarantined when it was at work at two ends, after one that set off the watch', () => {
  expect(ends([IDLE]).record).toMatchObject({ ends: 1, charges: [] });
  expect(ends([IDLE, running(IRIS)])).toMatchObject({
    convicted: [],
    record: { ends: 2, charges: [{ ...IRIS, times: 1 }], quarantined: [] },
  });
  const { record, convicted } = ends([IDLE, running(IRIS), running(IRIS)]);
  expect(convicted).toEqual([{ ...IRIS, reason: expect.stringContaining('3 times in a row') as string }]);
  expect(record).toMatchObject({ ends: 3, charges: [], quarantined: convicted });
});

test('however often a process ends, a version that was not at work is not charged', () => {
  expect(ends(Array.from({ length: 20 }, () => IDLE))).toMatchObject({
    convicted: [],
    record: { ends: 20, charges: [], quarantined: [] },
  });
});

test('a version that has served for long is given five ends, and is not known to work any more after them', () => {
  const known = { ...NO_LIFE, served: [proven(IRIS)] };
  const times = (count: number) => [IDLE, ...Array.from({ length: count }, () => running(IRIS))];
  expect(ends(times(3), known).convicted).toEqual([]);
  expect(ends(times(4), known)).toMatchObject({
    convicted: [IRIS],
    record: { served: [{ version: '2', proven: false }] },
  });
});

test('of two that were at work the one goes that has not served for long, and the other is not charged any more', () => {
  const both = [IDLE, running(DIGITS, IRIS), running(DIGITS, IRIS)];
  const { record, convicted } = ends(both, { ...NO_LIFE, served: [proven(IRIS)] });
  expect(convicted).toMatchObject([DIGITS]);
  expect(record.charges).toEqual([]);
  expect(ends(both).convicted).toMatchObject([IRIS]);
  // Should it have been the other one: that is at work at the next ends, too.
  expect(ends([...both, running(DIGITS), running(DIGITS)]).convicted).toMatchObject([DIGITS]);
});

test('another promotion of the version begins at none', () => {
  const again = { ...IRIS, stamp: '0000000000000030' };
  expect(ends([IDLE, running(IRIS), running(again)])).toMatchObject({
    convicted: [],
    record: {
      charges: [
        { ...IRIS, times: 1 },
        { ...again, times: 1 },
      ],
    },
  });
});

describe('what is not held against a version', () => {
  const before = ends([IDLE, running(IRIS)]).record;
  const life = { machine: MACHINE, settled: false, serves: [] };
  const { charges } = before;

  test('an end in order, which begins anew', () => {
    expect(afterEnd({ ...before, life: null }, running(IRIS), MACHINE)).toMatchObject({
      convicted: [],
      record: { ends: 0, charges: [] },
    });
  });

  test('the end of a life that had lasted, of which only the next is watched', () => {
    const settled = { ...before, life: { ...life, settled: true } };
    expect(afterEnd(settled, running(IRIS), MACHINE)).toMatchObject({
      convicted: [],
      record: { life: null, ends: 1, charges: [] },
    });
  });

  test.each([
    ['a restart of the machine', { ...MACHINE, boot: 'b' }],
    ['a process that the kernel killed for want of memory', { ...MACHINE, outOfMemoryKills: 4 }],
  ])('%s', (_, now) => {
    const { record, convicted } = afterEnd({ ...before, life }, running(IRIS), now);
    expect(convicted).toEqual([]);
    expect(record).toMatchObject({ life: null, ends: 2, charges });
  });

  test('an end while a version was loaded, which has a marker of its own', () => {
    const loading = { ...running(IRIS), loading: true };
    expect(afterEnd({ ...before, life }, loading, MACHINE)).toMatchObject({
      convicted: [],
      record: { ends: 3, charges },
    });
  });
});
