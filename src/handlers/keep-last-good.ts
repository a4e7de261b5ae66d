import { map } from 'rxjs';
import type { GoodModel } from '../state/last-good';
import { declareHandler } from './event-handler';
import type { ServedModel } from './served-model';

/**
 * What serves, and the config in force, becomes the state from which a replica starts while ZooKeeper is away; and how
 * long each version served, and which ones did, is what a start after a crash looks at.
 */
export const keepLastGood = declareHandler<ServedModel, GoodModel | undefined>({
  name: 'keep-last-good',
  trigger: {
    kind: 'state',
    events$: ({ model, slot }) =>
      slot.state$.pipe(
        map(({ serving, config: { config, stamp } }): GoodModel | undefined => {
          if (serving === undefined) return undefined;
          const { version, stamp: mzxid, sha256, beside } = serving;
          const inForce = stamp === undefined ? null : { text: JSON.stringify(config), mzxid: stamp };
          return { model, version, mzxid, sha256, files: beside, config: inForce };
        }),
      ),
  },
  note(good, { model, store, lives }) {
    if (good !== undefined) store.put(good);
    lives.serves(model, good);
  },
  run: () => Promise.resolve(),
});
