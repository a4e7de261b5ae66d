import type { StatusRecord } from './status-record';

/** A write that the fleet is expected to follow; `mzxid` is its fence. */
export type Target =
  | { readonly kind: 'version'; readonly version: string; readonly mzxid: string }
  | { readonly kind: 'config'; readonly mzxid: string };

/** How far one replica has come with a target. */
export type Verdict =
  | { readonly kind: 'done' }
  /** It will not get there by itself. */
  | { readonly kind: 'failed'; readonly error: string }
  /** `doing`: a few words. */
  | { readonly kind: 'pending'; readonly doing: string };

/** Judges by fences only, so that a status from before the write, however good or bad, proves nothing. */
export function verdict(target: Target, status: StatusRecord | undefined): Verdict {
  if (status === undefined) return { kind: 'pending', doing: 'has reported nothing yet' };
  return target.kind === 'version' ? versionVerdict(target, status) : configVerdict(target.mzxid, status);
}

function versionVerdict(
  target: { readonly version: string; readonly mzxid: string },
  { desired, serving, phase, error }: StatusRecord,
): Verdict {
  if (desired === null || desired.mzxid < target.mzxid) {
    // That it cannot read the znode is why; another error speaks of what it saw before.
    const why = error?.code === 'FETCH_FAILED' ? ` (${error.message})` : '';
    return { kind: 'pending', doing: `has not seen it yet${why}` };
  }
  if (phase === 'SERVING' && serving !== null) {
    // A newer write of the same version is as good.
    if (serving.version === target.version && serving.mzxid >= target.mzxid) return { kind: 'done' };
    return { kind: 'pending', doing: `serves ${serving.version}` };
  }
  if (phase === 'FAILED' && error !== null) {
    const reason = `${error.code}: ${error.message}`;
    return error.retryable
      ? { kind: 'pending', doing: `will try again (${reason})` }
      : { kind: 'failed', error: reason };
  }
  return { kind: 'pending', doing: phase.toLowerCase() };
}

function configVerdict(mzxid: string, { config }: StatusRecord): Verdict {
  if (config.state === 'REFUSED' && config.error !== undefined && config.error.mzxid >= mzxid) {
    return { kind: 'failed', error: config.error.message };
  }
  if (config.state === 'APPLIED' && config.mzxid !== null && config.mzxid >= mzxid) return { kind: 'done' };
  return { kind: 'pending', doing: 'has not applied it yet' };
}
