import type { SlotState } from '../inference/slot-state';
import { declareHandler } from './event-handler';
import type { ServedModel } from './served-model';

/** What the slot holds, and whether its live version can still answer, becomes part of what is reported. */
export const observeSlot = declareHandler<ServedModel, SlotState>({
  name: 'observe-slot',
  trigger: { kind: 'state', events$: ({ slot }) => slot.state$ },
  note({ serving, resident, workers, fault, config, configRefused }, { observed }) {
    observed.holds(
      serving === undefined
        ? null
        : { version: serving.version, mzxid: serving.stamp, sha256: serving.sha256 },
      resident,
      fault,
      workers,
    );
    if (configRefused === undefined) return;
    const { stamp, error } = configRefused;
    observed.configured({
      state: 'REFUSED',
      mzxid: config.stamp ?? null,
      error: { mzxid: stamp ?? '', message: error.message },
    });
  },
  run: () => Promise.resolve(),
});
