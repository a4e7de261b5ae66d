import type { Written } from '../support/recorded-writes';
import type { SeededRandom } from '../support/seeded-random';
import type { Decision, Lane } from './lane';
import { handlerConfig, MODELS } from './models';

const VERSIONS = ['1', '2'] as const;

/** Three times as often as the others. */
const KINDS = [
  'promote',
  'promote',
  'promote',
  'roll back',
  'configure',
  'promote a version that is not there',
] as const;
type Kind = (typeof KINDS)[number];

/** Promotions, rollbacks and configs, by a client that no fault of the network reaches. */
export const writes: Lane = {
  name: 'writes',
  kinds: [...new Set(KINDS)],
  decisions(random) {
    const next = random.rounds<Kind>(KINDS);
    return () => {
      const kind = next();
      const model = random.pick(MODELS);
      const calmMs = random.between(100, 1500);
      const { words, write } = decided[kind](model, random);
      const act: Decision['act'] = async (rig) => {
        const { outcome, words: told } = await write(rig);
        return { took: outcome === 'acknowledged', words: told };
      };
      return { kind, words, calmMs, act };
    };
  },
};

interface Decided {
  readonly words: string;
  readonly write: (rig: Parameters<Decision['act']>[0]) => Promise<Written>;
}

const decided: Readonly<Record<Kind, (model: string, random: SeededRandom) => Decided>> = {
  promote(model, random) {
    const version = random.pick(VERSIONS);
    return { words: `promote ${model} ${version}`, write: (rig) => rig.writes.promote(model, version) };
  },
  'roll back': (model) => ({ words: `roll ${model} back`, write: (rig) => rig.writes.rollback(model) }),
  configure(model, random) {
    const config = handlerConfig(random);
    return {
      words: `configure ${model} ${JSON.stringify(config)}`,
      write: (rig) => rig.writes.configure(model, config),
    };
  },
  /** A version that no repository has: the one that serves goes on serving. */
  'promote a version that is not there': (model) => ({
    words: `promote ${model} missing`,
    write: (rig) => rig.writes.promote(model, 'missing'),
  }),
};
