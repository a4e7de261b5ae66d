import { MemoryBudget } from '../../src/inference/memory-budget';
import { Metrics } from '../../src/metrics';
import { budgetOf, gone, Kept, log, MIB, settled, taken, version } from './memory-scene';

test('a version counts with three times its file while it loads, then with less, then not at all', async () => {
  const budget = budgetOf(1000);
  const memory = await budget.reserve(version('iris 1', 140, 2));
  expect(taken(budget)).toEqual({ 'iris 1': 280 });
  for (const part of memory) part.settle();
  expect(taken(budget)).toEqual({ 'iris 1': 140 });
  memory[0]?.release();
  memory[0]?.release();
  memory[0]?.settle();
  expect(taken(budget)).toEqual({ 'iris 1': 70 });
  memory[1]?.release();
  expect(taken(budget)).toEqual({});
});

test('a version that does not fit beside those that stay is refused with the figures', async () => {
  const budget = budgetOf(200);
  await budget.reserve(version('iris 1', 50));
  await budget.reserve(version('digits 7', 80));
  await expect(budget.reserve(version('iris 2', 95))).rejects.toMatchObject({
    name: 'ModelError',
    code: 'MEMORY_REFUSED',
    retryable: true,
    message:
      'version 2 of model iris needs 95 MiB while it loads (20 MiB + 3 x the file of 25 MiB); ' +
      'of the memory budget of 200 MiB, 130 MiB are taken: digits 7 80 MiB, iris 1 50 MiB',
  });
  expect(taken(budget)).toEqual({ 'iris 1': 50, 'digits 7': 80 });
});

test('one that is larger than the whole budget is not worth another try, and evicts nothing', async () => {
  const budget = budgetOf(200);
  const kept = new Kept(budget);
  kept.keep(await budget.reserve(version('iris 1', 50)), 1);
  await expect(budget.reserve(version('big 1', 101, 2))).rejects.toMatchObject({
    code: 'MEMORY_REFUSED',
    retryable: false,
    message:
      'version 1 of model big needs 202 MiB while it loads (2 workers, each 20 MiB + 3 x the file of 27 MiB), ' +
      'more than the whole memory budget of 200 MiB',
  });
  expect(kept.evicted).toEqual([]);
});

test('a refusal names the largest users, and what is about to load', async () => {
  const budget = budgetOf(200);
  const kept = new Kept(budget);
  const going = await budget.reserve(version('k 0', 50));
  for (const n of [1, 2, 3, 4, 5]) await budget.reserve(version(`k ${n}`, 22));
  kept.keep(going, 1);
  expect(await settled(budget.reserve(version('w 1', 60)))).toBe('waits');
  await expect(budget.reserve(version('k 9', 60))).rejects.toThrow(
    '200 MiB, 220 MiB are taken: k 0 50 MiB, k 1 22 MiB, k 2 22 MiB, k 3 22 MiB, k 4 22 MiB and 2 more',
  );
});

describe('where there is too little room', () => {
  test('the least recently wanted go first, as many as needed, and the load waits until they are gone', async () => {
    const budget = budgetOf(300);
    const kept = new Kept(budget);
    const [a, b, c] = [
      await budget.reserve(version('a 1', 80)),
      await budget.reserve(version('b 1', 80)),
      await budget.reserve(version('c 1', 80)),
    ];
    kept.keep(a, 3);
    kept.keep(b, 1);
    kept.keep(c, 2);
    const load = budget.reserve(version('d 1', 150));
    expect(kept.evicted).toEqual(['b 1', 'c 1']);
    gone(b);
    expect(await settled(load)).toBe('waits');
    gone(c);
    expect(await settled(load)).toBe('granted');
    expect(taken(budget)).toEqual({ 'a 1': 80, 'd 1': 150 });
  });

  test('what requests hold goes after all that none holds', async () => {
    const budget = budgetOf(300);
    const kept = new Kept(budget);
    kept.keep(await budget.reserve(version('a 1', 80)), 1, true);
    kept.keep(await budget.reserve(version('b 1', 80)), 2, true);
    kept.keep(await budget.reserve(version('c 1', 80)), 3);
    expect(await settled(budget.reserve(version('d 1', 150)))).toBe('waits');
    expect(kept.evicted).toEqual(['c 1', 'a 1']);
  });

  test('nothing is evicted when all of it would not do', async () => {
    const budget = budgetOf(300);
    const kept = new Kept(budget);
    await budget.reserve(version('serves 1', 200));
    kept.keep(await budget.reserve(version('a 1', 80)), 1);
    await expect(budget.reserve(version('d 1', 150))).rejects.toMatchObject({ retryable: true });
    expect(kept.evicted).toEqual([]);
  });

  test('a load that waits is not overtaken by another that would take its room', async () => {
    const budget = budgetOf(200);
    const kept = new Kept(budget);
    const a = await budget.reserve(version('a 1', 100));
    await budget.reserve(version('serves 1', 60));
    kept.keep(a, 1);
    const waiting = budget.reserve(version('b 1', 130));
    expect(await settled(budget.reserve(version('c 1', 40)))).toBe('refused');
    gone(a);
    expect(await settled(waiting)).toBe('granted');
  });

  test('what ends already is waited for, and nothing is evicted beside it', async () => {
    const budget = budgetOf(200);
    const kept = new Kept(budget);
    const ending = await budget.reserve(version('a 1', 100));
    kept.keep(await budget.reserve(version('b 1', 40)), 1);
    for (const part of ending) part.ending();
    const load = budget.reserve(version('c 1', 100));
    expect(await settled(load)).toBe('waits');
    gone(ending);
    expect(await settled(load)).toBe('granted');
    expect(kept.evicted).toEqual([]);
  });

  test('a thread that does not end is not waited for: others are evicted, or the load is refused', async () => {
    const budget = budgetOf(200);
    const kept = new Kept(budget);
    const hangs = await budget.reserve(version('a 1', 100));
    const other = await budget.reserve(version('b 1', 80));
    for (const part of hangs) part.ending();
    const first = budget.reserve(version('c 1', 90));
    expect(await settled(first)).toBe('waits');
    kept.keep(other, 1);
    for (const part of hangs) part.stuck();
    expect(kept.evicted).toEqual(['b 1']);
    expect(await settled(first)).toBe('waits');
    gone(other);
    expect(await settled(first)).toBe('granted');
    expect(await settled(budget.reserve(version('d 1', 90)))).toBe('refused');
    gone(hangs);
    expect(await settled(budget.reserve(version('d 1', 90)))).toBe('granted');
  });
});

test('a load that is not wanted any more does not wait for its memory, and leaves it to others', async () => {
  const budget = budgetOf(200);
  const ending = await budget.reserve(version('a 1', 150));
  for (const part of ending) part.ending();
  const unwanted = new AbortController();
  const dropped = budget.reserve(version('b 1', 150), unwanted.signal);
  expect(await settled(dropped)).toBe('waits');
  unwanted.abort(new Error('another is wanted'));
  await expect(dropped).rejects.toThrow('another is wanted');
  const next = budget.reserve(version('c 1', 150));
  gone(ending);
  expect(await settled(next)).toBe('granted');
  await expect(budget.reserve(version('d 1', 20), unwanted.signal)).rejects.toThrow('another is wanted');
  expect(taken(budget)).toEqual({ 'c 1': 150 });
});

test('a refusal tells when memory is given back since', async () => {
  const budget = budgetOf(200);
  const memory = await budget.reserve(version('a 1', 170));
  const refusal: unknown = await budget.reserve(version('b 1', 90)).catch((error: unknown) => error);
  const { givenBack } = refusal as { givenBack: Promise<void> };
  expect(await settled(givenBack)).toBe('waits');
  memory[0]?.settle();
  expect(await settled(givenBack)).toBe('granted');
  expect(await settled(budget.reserve(version('b 1', 90)))).toBe('granted');
});

test('without a limit everything fits, and is counted', async () => {
  const budget = new MemoryBudget({ log });
  await budget.reserve(version('a 1', 1_000_000));
  expect(taken(budget)).toEqual({ 'a 1': 1_000_000 });
});

test('the metrics show the budget and what each version takes of it', async () => {
  const metrics = new Metrics();
  const budget = budgetOf(200);
  metrics.sampleMemory(budget);
  const memory = await budget.reserve(version('a 1', 80));
  expect((await metrics.memoryBudget.get()).values).toMatchObject([{ value: 200 * MIB }]);
  const reserved = async () => (await metrics.memoryReserved.get()).values;
  expect(await reserved()).toMatchObject([{ labels: { model: 'a', version: '1' }, value: 80 * MIB }]);
  gone(memory);
  expect(await reserved()).toEqual([]);
  metrics.sampleMemory(new MemoryBudget({ log }));
  expect((await metrics.memoryBudget.get()).values).toMatchObject([{ value: Infinity }]);
});
