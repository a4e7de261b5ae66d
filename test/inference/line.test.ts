import { Line, noPlace } from '../../src/inference/line';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';

class Item {
  readonly place = noPlace<Item>();
  constructor(readonly name: number) {}
}

const lineOfItems = () => new Line<Item>(({ place }) => place);

test(`it has the items of a Set in the same order, whatever comes and goes (seed ${TEST_SEED})`, () => {
  const random = new SeededRandom(TEST_SEED);
  const items = Array.from({ length: 12 }, (_, name) => new Item(name));
  const line = lineOfItems();
  const set = new Set<Item>();
  for (let step = 0; step < 5000; step += 1) {
    const item = items[random.between(0, items.length - 1)]!;
    if (random.next() < 0.5) {
      line.add(item);
      set.add(item);
    } else {
      line.delete(item);
      set.delete(item);
    }
    expect([...line].map(({ name }) => name)).toEqual([...set].map(({ name }) => name));
    expect(line.size).toBe(set.size);
  }
});

test('an item that is visited may leave, and what is added meanwhile is visited', () => {
  const line = lineOfItems();
  for (let name = 0; name < 4; name += 1) line.add(new Item(name));
  const visited: number[] = [];
  for (const item of line) {
    visited.push(item.name);
    if (item.name % 2 === 0) line.delete(item);
    if (item.name === 1) line.add(new Item(4));
  }
  expect(visited).toEqual([0, 1, 2, 3, 4]);
  expect([...line].map(({ name }) => name)).toEqual([1, 3]);
});

test('an item that has left holds on to no other', () => {
  const line = lineOfItems();
  const items = [new Item(0), new Item(1), new Item(2)];
  for (const item of items) line.add(item);
  for (const item of items) line.delete(item);
  expect(items.map(({ place }) => place)).toEqual(items.map(() => noPlace()));
});
