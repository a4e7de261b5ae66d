import { filter, firstValueFrom, from, fromEvent, map, merge, startWith, switchMap } from 'rxjs';
import { MemoryRefusedError, ModelError, ZooKeeperError, errorMessage } from '../errors';
import type { Served } from '../inference/version-changes';
import { readManifest } from '../registry/catalog';
import type { PromotedVersion } from '../registry/promoted-version';
import { watchPromoted } from '../registry/watch-promoted';
import { retryPause } from './retry-pause';
import { declareHandler } from './event-handler';
import { fallBack, filesOf, formerly } from './fall-back';
import type { ExpectedFiles, ServedModel } from './served-model';

/**
 * The version znode says which version answers. Whatever it names is built beside the one that serves and
 * takes over when it is ready; what cannot be served is reported and displaces nothing. While the ensemble is
 * away at the start, what served last is wanted.
 */
export const followVersion = declareHandler<ServedModel, PromotedVersion>({
  name: 'follow-version',
  trigger: {
    kind: 'znode',
    events$(context) {
      const { session, paths, model, observed } = context;
      const former = session.state.name === 'CONNECTED' ? undefined : formerly(context);
      return from(observed.configRead).pipe(
        switchMap(() =>
          watchPromoted(session, paths, model).pipe(startWith(...(former === undefined ? [] : [former]))),
        ),
      );
    },
  },
  note(promoted, { model, observed, log }) {
    if (promoted.kind === 'absent') {
      observed.desiredMissing(
        new ModelError(
          'DESIRED_MISSING',
          'the version znode is not there: write a version to it, for example 1',
        ),
      );
      log.warn({ model }, 'the version znode is not there; what serves goes on serving');
      return;
    }
    const version = promoted.kind === 'version' ? promoted.version : null;
    // What was promoted before this replica followed the model says nothing of how fast a write is noticed.
    const { desired, error } = observed.record;
    const first = desired === null && error === null;
    observed.wants(
      { version, mzxid: promoted.mzxid },
      first ? null : Math.max(0, Date.now() - promoted.mtime),
    );
  },
  async run(promoted, context, signal) {
    if (promoted.kind === 'absent') {
      await fallBack(context, signal);
      return;
    }
    const overtaken = (): boolean => signal.aborted;
    // It may end the process once more: what is known to work comes first.
    if (isSuspect(promoted, context)) await fallBack(context, signal);
    for (let failures = 1; !overtaken(); failures += 1) {
      const { epoch } = context.slot.state.config;
      const error = await attempt(promoted, context, signal);
      if (error === undefined || overtaken()) return;
      context.observed.failed(error);
      context.metrics.swaps.inc({ model: context.model, outcome: 'failed' });
      context.log.error(
        { model: context.model, mzxid: promoted.mzxid, code: error.code, retryable: error.retryable },
        `version not served: ${error.message}`,
      );
      await fallBack(context, signal);
      if (!(await worthAnotherAttempt({ error, failures, epoch }, context, signal))) return;
    }
  },
});

/** Whether a process before this one ended while it loaded that version, which is not the one that served last. */
function isSuspect(promoted: PromotedVersion, { model, loads, lastGood }: ServedModel): boolean {
  if (promoted.kind !== 'version' || promoted.version === lastGood?.version) return false;
  return loads?.suspects(model, promoted.version) === true;
}

/** One attempt to serve what was promoted; what went wrong, if anything did. */
async function attempt(
  promoted: Exclude<PromotedVersion, { kind: 'absent' }>,
  context: ServedModel,
  signal: AbortSignal,
): Promise<ModelError | undefined> {
  const { model, slot, observed, log } = context;
  if (promoted.kind === 'invalid') return new ModelError('BAD_VERSION', promoted.reason);
  const { version, mzxid } = promoted;
  try {
    const expected = await expectedFiles(promoted, context);
    const { ms, outcome } = await slot.serve({
      version,
      stamp: mzxid,
      ...expected,
      signal,
      onPhase: (phase) => {
        if (!signal.aborted) observed.entered(phase);
      },
    });
    if (signal.aborted) return undefined;
    const serving = slot.serving;
    if (serving === undefined)
      return new ModelError('TIMEOUT', `version ${version} stopped right after its start`, true);
    observed.serves({ version: serving.version, mzxid: serving.stamp, sha256: serving.sha256 }, ms);
    if (mzxid === context.lastGood?.mzxid && context.session.state.name !== 'CONNECTED')
      observed.servesFormer();
    if (outcome !== 'unchanged') countSwap(context, outcome, ms);
    log.info(
      { model, version, mzxid, outcome, ms: observed.record.ms },
      `${model} serves version ${version}`,
    );
    return undefined;
  } catch (error) {
    return asModelError(error, version);
  }
}

/** Phases that were not needed leave no figure: a resident version was neither fetched nor loaded. */
function countSwap({ model, metrics, observed }: ServedModel, outcome: string, ms: Served['ms']): void {
  metrics.swaps.inc({ model, outcome });
  const phases = outcome === 'resident' ? { swap: ms.swap } : ms;
  for (const [phase, value] of Object.entries({ notify: observed.record.ms.notify, ...phases })) {
    if (value !== null) metrics.swapPhaseSeconds.observe({ model, phase }, value / 1000);
  }
}

/**
 * The catalog's digests of a version, if it was published; a bare write needs no catalog entry. Those of what served
 * last are known, which has to do while the catalog is away.
 */
async function expectedFiles(
  { version, mzxid }: { readonly version: string; readonly mzxid: string },
  { session, paths, model, lastGood, digests }: ServedModel,
): Promise<ExpectedFiles> {
  if (mzxid === lastGood?.mzxid && session.state.name !== 'CONNECTED') return filesOf(lastGood);
  const known = digests.get(version);
  if (known !== undefined) return known;
  const manifest = await readManifest(session, paths, model, version);
  if (manifest === undefined) return {};
  const expected = { expectedSha256: manifest.sha256, expectedBeside: manifest.files };
  digests.set(version, expected);
  return expected;
}

function asModelError(error: unknown, version: string): ModelError {
  if (error instanceof ModelError) return error;
  if (error instanceof ZooKeeperError) {
    return new ModelError(
      'FETCH_FAILED',
      `the catalog entry of version ${version} could not be read: ${error.message}`,
      true,
      { cause: error },
    );
  }
  return new ModelError(
    'BAD_MODEL',
    `version ${version} could not be served: ${errorMessage(error)}`,
    false,
    {
      cause: error,
    },
  );
}

interface Failure {
  readonly error: ModelError;
  readonly failures: number;
  /** Of the config that the attempt began with. */
  readonly epoch: number;
}

/** Waits until another attempt may help: after a backoff, or when the config that stood in the way has changed. */
async function worthAnotherAttempt(
  { error, failures, epoch }: Failure,
  { slot }: ServedModel,
  signal: AbortSignal,
): Promise<boolean> {
  if (error.retryable) {
    const sooner = error instanceof MemoryRefusedError ? error.givenBack : undefined;
    return retryPause(failures, signal, sooner);
  }
  if (error.code !== 'WARMUP_FAILED' && error.code !== 'CRASHED_WHILE_LOADING') return false;
  const configChanged$ = slot.state$.pipe(
    filter((state) => state.config.epoch !== epoch),
    map(() => true),
  );
  const aborted$ = fromEvent(signal, 'abort').pipe(map(() => false));
  return firstValueFrom(merge(configChanged$, aborted$), { defaultValue: false });
}
