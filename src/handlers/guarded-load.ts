import type { GuardLoad } from '../inference/guard-load';
import type { Lives } from '../state/lives';
import type { LoadGuard } from '../state/load-guard';

/**
 * A load as this replica does it: none of a version that is quarantined, and each one noted before it begins, in case it
 * takes the process down.
 */
export function guardedLoad(loads: LoadGuard | undefined, lives: Lives): GuardLoad {
  return async (what, load, signal) => {
    lives.requireOpen(what);
    if (loads === undefined) return load();
    return loads.run(what, () => lives.loading(what, load), signal);
  };
}
