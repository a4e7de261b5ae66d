import { summary } from './summary';
import type { Soaked } from './soak';

const SOAKED: Soaked = {
  ...{
    lanes: [],
    convergedMs: [],
    requests: 9,
    lost: 1,
    lives: 3,
    holders: 4,
    entries: 5,
    told: 6,
    missed: 0,
  },
  written: { acknowledged: 1, 'not done': 0, unknown: 0 },
  work: { put: 8, done: 7, doubled: 2, rounds: 3, passed: 5 },
  complaints: [],
};

test('of a run that failed the summary tells what was counted, and no more', () => {
  const text = summary({ seed: 7, ms: 1000 }, { ...SOAKED, complaints: ['never done: item-8'] });
  expect(text).toContain('8 items put, 7 done, 2 found there once more');
  expect(text).toContain('3 rounds, passed 5 times');
  expect(text).toMatch(/^converged +never$/m);
  expect(text).not.toMatch(/once each|passed:|nobody/);
  expect(text).toContain('WRONG  never done: item-8\nFAILED: 1 things are not as they must be');
});

test('one without complaints passed', () => {
  expect(summary({ seed: 7, ms: 1000 }, { ...SOAKED, convergedMs: [100, 300] })).toMatch(
    /converged +2 times, median 0\.1 s, slowest 0\.3 s after the last fault.*\npassed: /,
  );
});
