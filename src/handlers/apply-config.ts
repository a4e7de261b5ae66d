import {
  combineLatest,
  distinctUntilChanged,
  filter,
  map,
  merge,
  startWith,
  take,
  takeUntil,
  type Observable,
} from 'rxjs';
import { ConfigError, ModelError } from '../errors';
import { CONFIG_MAX_BYTES, parseHandlerConfig } from '../handler-config';
import { type ConfigData, watchConfig } from '../registry/watch-config';
import { watchRefusal } from '../registry/watch-refusal';
import { retryPause } from './retry-pause';
import type { GoodModel } from '../state/last-good';
import { declareHandler } from './event-handler';
import type { ServedModel } from './served-model';

interface WantedConfig {
  readonly znode: ConfigData;
  /** The version that serves: its handler.js may accept `params` that another version's refused. */
  readonly serving: string | undefined;
}

/**
 * The config znode says how the model's handler behaves. A config is taken whole or refused whole; while one
 * is refused, the last good one stays in force, and it is offered again to a version that takes over.
 */
export const applyConfig = declareHandler<ServedModel, WantedConfig>({
  name: 'apply-config',
  trigger: {
    kind: 'znode',
    events$: (context) => {
      const { session, paths, model, observed, lastGood } = context;
      return combineLatest({
        znode: merge(watchConfig(session, paths, model), unlessRead(context)).pipe(
          startWith(
            ...(lastGood === undefined || session.state.name === 'CONNECTED' ? [] : [former(lastGood)]),
          ),
        ),
        serving: observed.record$.pipe(
          map(({ serving }) => serving?.version),
          distinctUntilChanged(),
        ),
      });
    },
  },
  async run({ znode }, context, signal) {
    try {
      await apply(znode, context, signal);
    } finally {
      context.observed.configWasRead();
    }
  },
});

/** When the config znode may not be read and never was: what was in force last, or the defaults, so that a version serves. */
function unlessRead({ session, paths, model, lastGood }: ServedModel): Observable<ConfigData> {
  const path = paths.config(model);
  return watchRefusal(session, 'data', path).pipe(
    filter((refusal) => refusal !== undefined),
    take(1),
    map(() => (lastGood === undefined ? { data: undefined, mzxid: undefined } : former(lastGood))),
    takeUntil(session.watchData(path)),
  );
}

/** The config that was in force last, while the ensemble is away. */
function former({ config }: GoodModel): ConfigData {
  return config === null
    ? { data: undefined, mzxid: undefined }
    : { data: Buffer.from(config.text), mzxid: config.mzxid };
}

async function apply(znode: ConfigData, context: ServedModel, signal: AbortSignal): Promise<void> {
  const isDefault = znode.data === undefined || isBlank(znode.data);
  const stamp = isDefault ? undefined : znode.mzxid;
  const { observed, slot } = context;
  if (observed.record.config.state !== 'REFUSED' && observed.record.config.mzxid === (stamp ?? null)) return;
  const overtaken = (): boolean => signal.aborted;
  for (let failures = 1; !overtaken(); failures += 1) {
    try {
      const outcome = await slot.configure(parseHandlerConfig(znode.data ?? new Uint8Array()), stamp);
      // Also when nothing serves yet: the first version is served by it, or `observe-slot` says it was refused.
      if (outcome !== 'superseded') applied(stamp, context);
      return;
    } catch (error) {
      if (overtaken()) return;
      if (error instanceof ConfigError) {
        refused(error, znode.mzxid ?? '', context);
        return;
      }
      if (!(error instanceof ModelError && error.retryable)) throw error;
      context.log.warn({ model: context.model, error: error.message }, 'config not applied yet');
      await retryPause(failures, signal);
    }
  }
}

function applied(stamp: string | undefined, { model, observed, log }: ServedModel): void {
  observed.configured({ state: stamp === undefined ? 'DEFAULT' : 'APPLIED', mzxid: stamp ?? null });
  const what = stamp === undefined ? 'the default config' : 'a new config';
  log.info({ model, mzxid: stamp ?? null }, `${model} follows ${what}`);
}

function refused(error: ConfigError, mzxid: string, { model, observed, slot, log }: ServedModel): void {
  const { message } = error;
  const before = observed.record.config.error;
  if (before?.mzxid === mzxid && before.message === message) return;
  observed.configured({ state: 'REFUSED', mzxid: slot.config.stamp ?? null, error: { mzxid, message } });
  log.error({ model, mzxid, path: error.path }, `config refused, the last good one stays: ${message}`);
}

/** Nothing but white space means all defaults. */
function isBlank(data: Uint8Array): boolean {
  return data.byteLength <= CONFIG_MAX_BYTES && Buffer.from(data).toString('latin1').trim() === '';
}
