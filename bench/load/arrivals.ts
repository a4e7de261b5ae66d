import { randomFrom } from '../random';

/**
 * When requests of independent clients arrive: a Poisson process of `perSecond`, for `durationMs`; milliseconds
 * from its beginning, ascending. The same for the same seed.
 */
export function poissonArrivals(perSecond: number, durationMs: number, seed: number): Float64Array {
  const random = randomFrom(seed);
  const arrivals: number[] = [];
  let at = 0;
  for (;;) {
    at += (-Math.log(1 - random()) / perSecond) * 1000;
    if (at >= durationMs) return Float64Array.from(arrivals);
    arrivals.push(at);
  }
}
