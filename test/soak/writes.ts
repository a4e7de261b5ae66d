import type { SeededRandom } from '../support/seeded-random';
import type { Decision, Lane } from './lane';
import { handlerConfig, MODELS } from './models';

const VERSIONS = ['1', '2'] as const;

/** Promotions, rollbacks and configs, by a client that no fault of the network reaches. */
export const writes: Lane = {
  name: 'writes',
  decide(random) {
    const model = random.pick(MODELS);
    const kind: Kind = random.pick([
      'promote',
      'promote',
      'promote',
      'roll back',
      'configure',
      'promote nothing',
    ]);
    const calmMs = random.between(100, 1500);
    return decisions[kind](model, random, calmMs);
  },
};

type Kind = 'promote' | 'roll back' | 'configure' | 'promote nothing';

const decisions: Readonly<Record<Kind, (model: string, random: SeededRandom, calmMs: number) => Decision>> = {
  promote(model, random, calmMs) {
    const version = random.pick(VERSIONS);
    const act: Decision['act'] = ({ writes: written }) => written.promote(model, version);
    return { kind: 'promote', words: `promote ${model} ${version}`, calmMs, act };
  },
  'roll back': (model, _random, calmMs) => ({
    kind: 'roll back',
    words: `roll ${model} back`,
    calmMs,
    act: ({ writes: written }) => written.rollback(model),
  }),
  configure(model, random, calmMs) {
    const config = handlerConfig(random);
    const act: Decision['act'] = ({ writes: written }) => written.configure(model, config);
    return { kind: 'configure', words: `configure ${model} ${JSON.stringify(config)}`, calmMs, act };
  },
  /** A version that no repository has: the one that serves goes on serving. */
  'promote nothing': (model, _random, calmMs) => ({
    kind: 'promote a version that is not there',
    words: `promote ${model} missing`,
    calmMs,
    act: ({ writes: written }) => written.promote(model, 'missing'),
  }),
};
