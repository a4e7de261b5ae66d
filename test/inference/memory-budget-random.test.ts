import type { WorkerMemory } from '../../src/inference/worker-memory';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { budgetOf, gone, Kept, MIB, version } from './memory-scene';

test(`whatever happens at the same time, the budget holds and every load is granted or refused (seed ${TEST_SEED})`, async () => {
  const random = new SeededRandom(TEST_SEED);
  const budget = budgetOf(500);
  const kept = new Kept(budget);
  const alive = new Set<readonly WorkerMemory[]>();
  const outcomes: Promise<string>[] = [];
  let most = 0;
  const check = () => {
    most = Math.max(
      most,
      budget.usage.reduce((all, { bytes }) => all + bytes, 0),
    );
  };
  for (let step = 0; step < 2000; step += 1) {
    const [one] = alive;
    const what = random.pick(['load', 'load', 'settle', 'keep', 'end', 'stuck', 'gone', 'gone']);
    if (what === 'load') {
      const wanted = version(`m ${step}`, random.between(20, 200), random.between(1, 3));
      outcomes.push(
        budget.reserve(wanted).then(
          (memory) => {
            alive.add(memory);
            return 'granted';
          },
          () => 'refused',
        ),
      );
    } else if (one !== undefined) {
      if (what === 'settle') for (const part of one) part.settle();
      if (what === 'keep') kept.keep(one, step);
      if (what === 'end') for (const part of one) part.ending();
      if (what === 'stuck') for (const part of one) part.stuck();
      if (what === 'gone') gone(one);
      // The next in turn.
      alive.delete(one);
      if (what !== 'gone') alive.add(one);
    }
    check();
    await Promise.resolve();
    check();
  }
  // Those that are granted meanwhile are added, and have their turn.
  for (const memory of alive) {
    gone(memory);
    await Promise.resolve();
  }
  const counts = (await Promise.all(outcomes)).reduce<Record<string, number>>(
    (all, outcome) => ({ ...all, [outcome]: (all[outcome] ?? 0) + 1 }),
    {},
  );
  expect(most).toBeLessThanOrEqual(500 * MIB);
  expect(counts['granted']).toBeGreaterThan(20);
  expect(counts['refused']).toBeGreaterThan(20);
});
