import { inTurns } from '../../bench/in-turns';

test('everyone runs in every round, in the opposite order each second time', async () => {
  const order: string[] = [];
  const contestant = (name: string) => () => {
    order.push(name);
    return Promise.resolve(order.length);
  };
  const results = await inTurns(3, { a: contestant('a'), b: contestant('b') });
  expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
  expect(results).toEqual({ a: [1, 4, 5], b: [2, 3, 6] });
});
