import type { GoodModel, LastGood } from './last-good';

/**
 * What a process knows that began with `found` and has come to `own`, once it sees what another process has left
 * meanwhile: that counts wherever this one has changed nothing itself.
 */
export function caughtUp(own: LastGood, found: LastGood, left: LastGood): LastGood {
  const newer = <T>(pick: (state: LastGood) => T): T =>
    JSON.stringify(pick(own)) === JSON.stringify(pick(found)) ? pick(left) : pick(own);
  const names = new Set([...left.models, ...own.models].map(({ model }) => model));
  return {
    savedAt: left.savedAt,
    tree: newer(({ tree }) => tree),
    models: [...names]
      .map((name) => newer((state) => modelOf(state, name)))
      .filter((good) => good !== undefined),
    world: newer(({ world }) => world),
  };
}

function modelOf({ models }: LastGood, name: string): GoodModel | undefined {
  return models.find(({ model }) => model === name);
}
