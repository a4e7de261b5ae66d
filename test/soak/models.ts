import type { SeededRandom } from '../support/seeded-random';

/** The samples, with versions 1 and 2. */
export const MODELS = ['iris', 'digits'] as const;

/** Everything that may change while requests are answered; no request may fail for being slow. */
export function handlerConfig(random: SeededRandom): object {
  return {
    admission: { timeoutMs: 60_000 },
    batching: { maxRows: random.between(1, 64), maxDelayMs: random.between(0, 5) },
    residency: { keepPrevious: random.between(0, 2) },
    session: { graphOptimization: random.pick(['all', 'basic']) },
  };
}
