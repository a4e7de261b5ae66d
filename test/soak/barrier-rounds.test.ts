import { wrongRounds, type Visit } from './barrier-rounds';

/** Times are in seconds. */
interface Told {
  readonly came?: number;
  readonly passed?: readonly [round: string, at: number, rank: number, size?: number];
  readonly gaveUp?: number;
  readonly leaving?: number;
  readonly left?: number;
  readonly losses?: readonly number[];
  readonly interrupted?: readonly [from: number, to: number];
}

function visit(worker: string, told: Told): Visit {
  const { came = 0, passed, losses = [], interrupted } = told;
  const ms = (seconds: number): number => seconds * 1000;
  const made: Visit = {
    ...{ worker, came: ms(came) },
    heard: {
      losses: losses.map(ms),
      interruptions: interrupted === undefined ? [] : [{ from: ms(interrupted[0]), to: ms(interrupted[1]) }],
    },
  };
  if (passed !== undefined) {
    const [round, at, rank, size = 2] = passed;
    made.passed = { ...{ round, rank, size }, at: ms(at), openedAt: ms(at) - 10 };
  }
  for (const key of ['gaveUp', 'leaving', 'left'] as const)
    if (told[key] !== undefined) made[key] = ms(told[key]);
  return made;
}

const judged = (...visits: readonly (readonly [worker: string, told: Told])[]) =>
  wrongRounds(2, visits.map(([worker, told]) => visit(worker, told))); // prettier-ignore

const A: Told = { passed: ['1', 10, 0], leaving: 11, left: 12 };
const B: Told = { passed: ['1', 10, 1], leaving: 12, left: 12 };

test('rounds of two, one after the other', () => {
  expect(judged(['a', A], ['b', B], ['b', { came: 12, passed: ['2', 13, 0] }], ['c', { passed: ['2', 13, 1] }])).toEqual([]); // prettier-ignore
});

test('a round of another size, and ranks that cannot be', () => {
  expect(judged(['a', { ...A, passed: ['1', 10, 0, 1] }], ['b', B])).toEqual([
    'round 1 of the barrier: a was told rank 0 of 1, not of 2',
  ]);
  expect(judged(['a', A], ['b', { ...B, passed: ['1', 10, 2] }])).toHaveLength(1);
  expect(judged(['a', A], ['b', { ...B, passed: ['1', 10, 0] }])).toEqual([
    'round 1 of the barrier: a rank was given twice: a 0, b 0',
  ]);
});

test('one who came when another had passed', () => {
  expect(judged(['a', A], ['b', { ...B, came: 10.5, passed: ['1', 11, 1] }])).toEqual([
    'round 1 of the barrier: b came after another had passed',
  ]);
});

test('one who passed alone, though nobody else gave up or was lost', () => {
  const alone = ['round 1 of the barrier: a passed for 2, and nobody else gave up'];
  expect(judged(['a', A])).toEqual(alone);
  // Long before, or after another one had passed for it, or without having come.
  expect(judged(['a', A], ['b', { gaveUp: 5 }])).toEqual(alone);
  expect(judged(['a', A], ['b', { came: 11, gaveUp: 12 }])).toEqual(alone);
  expect(judged(['a', { ...A, losses: [9] }])).toEqual(alone);
  // Each gives up once.
  expect(judged(['a', A], ['b', { gaveUp: 10 }], ['c', { came: 11, passed: ['2', 11.5, 0] }])).toEqual([
    'round 2 of the barrier: c passed for 2, and nobody else gave up',
  ]);
});

test('one who passed alone, since the other gave up or lost its session', () => {
  expect(judged(['a', A], ['b', { gaveUp: 10 }])).toEqual([]);
  expect(judged(['a', A], ['b', { gaveUp: 8 }])).toEqual([]);
  expect(judged(['a', A], ['b', { gaveUp: 5, interrupted: [4, 11] }])).toEqual([]);
  expect(judged(['a', A], ['b', { losses: [9], passed: ['2', 13, 0] }], ['c', { passed: ['2', 13, 1] }])).toEqual([]); // prettier-ignore
});

test('a round that passed before all of another had left', () => {
  const next: Told = { came: 11, passed: ['2', 11.5, 0] };
  const last: Told = { passed: ['2', 11.5, 1] };
  expect(judged(['a', A], ['b', B], ['a', next], ['c', last])).toEqual([
    'round 1 of the barrier: a passed round 2 before b left',
    'round 1 of the barrier: c passed round 2 before b left',
  ]);
  expect(judged(['a', A], ['b', { ...B, losses: [12] }], ['a', next], ['c', last])).toEqual([]);
  expect(judged(['a', A], ['b', { ...B, losses: [9] }], ['a', next], ['c', last])).toHaveLength(2);
});

test('one who was told that all had left before they had', () => {
  expect(judged(['a', { ...A, left: 11.5 }], ['b', B])).toEqual([
    'round 1 of the barrier: a was told that all were done before b left',
  ]);
  expect(judged(['a', { ...A, left: 11.5 }], ['b', { ...B, losses: [11] }])).toEqual([]);
});
