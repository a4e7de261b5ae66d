import type { Span } from '../../bench/checked-load';
import type { LastGood } from '../../src/state/last-good';
import type { Life } from '../support/life';
import type { Promotion } from '../support/recorded-writes';
import { TEST_SESSION_TIMEOUT_MS } from '../support/zookeeper';

/** What a registered replica has answered under for so long is on its disk. */
const KEPT_WITHIN_MS = 5000;
/** A replica that has been connected for so long without a break serves nothing older than its former life did. */
const CAUGHT_UP_WITHIN_MS = 10 * TEST_SESSION_TIMEOUT_MS;
/** Between a change in a replica and what is seen of it. */
const SEEN_WITHIN_MS = 250;

type Kind = 'promotion' | 'config';

/**
 * What must hold from one life of a replica's process to the next, in one history of the ensemble, and does not:
 * 1. What is on disk never goes back, and no model goes from it.
 * 2. No answer is under an older promotion, or config, than was on disk when the process began.
 * 3. What a life answered under is on disk at its end, if it was registered: all of it after an end in good order, and
 *    after a kill all but that of the last moments.
 * 4. Behind what the former lives answered under is only who has not reached ZooKeeper, or only just, or who finds a
 *    version promoted that cannot be served; and until it has reached ZooKeeper it is marked as stale.
 */
export function wentBackAcrossLives(
  lives: readonly Life[],
  model: string,
  promotions: readonly Promotion[],
): string[] {
  const newest: Record<Kind, string> = { promotion: '', config: '' };
  return lives.flatMap((life, i) => {
    const complaints = [
      ...diskWentBack(life.disk, model),
      ...behindDisk(life, model),
      ...notKept(life, model),
      ...(i === 0 ? [] : behindFormer(life, model, newest.promotion, promotions)),
      ...unmarked(life),
    ];
    for (const kind of ['promotion', 'config'] as const) {
      for (const zxid of spansOf(life, model, kind).keys()) if (zxid > newest[kind]) newest[kind] = zxid;
    }
    return complaints.map((complaint) => `life ${i + 1}: ${complaint}`);
  });
}

function diskWentBack({ found, left }: Life['disk'], model: string): string[] {
  return (['promotion', 'config'] as const).flatMap((kind) => {
    const [before, after] = [onDisk(found, model, kind), onDisk(left, model, kind)];
    return before === undefined || (after !== undefined && after >= before)
      ? []
      : [`the disk had ${kind} ${before} of ${model} and has ${after ?? 'none'} at the end`];
  });
}

function behindDisk(life: Life, model: string): string[] {
  return (['promotion', 'config'] as const).flatMap((kind) => {
    const found = onDisk(life.disk.found, model, kind);
    const behind = [...spansOf(life, model, kind).keys()].filter(
      (zxid) => found !== undefined && zxid < found,
    );
    return behind.map((zxid) => `answered ${model} under ${kind} ${zxid}, and ${found ?? ''} was on disk`);
  });
}

function notKept(life: Life, model: string): string[] {
  const { end, registeredAt, disk } = life;
  if (registeredAt === undefined) return [];
  const kept = onDisk(disk.left, model, 'promotion') ?? '';
  const byThen = end.signal === 'SIGTERM' ? end.at : end.at - KEPT_WITHIN_MS;
  if (registeredAt > byThen) return [];
  return [...spansOf(life, model, 'promotion')]
    .filter(([zxid, { first }]) => zxid > kept && first < byThen)
    .map(([zxid]) => `answered ${model} under ${zxid}, and has ${kept || 'none'} on disk at its end`);
}

function behindFormer(life: Life, model: string, former: string, promotions: readonly Promotion[]): string[] {
  return [...spansOf(life, model, 'promotion')]
    .filter(([zxid, { last }]) => zxid < former && last > mustHaveCaughtUpAt(life, last))
    .filter(([, { last }]) => servable(promotions, last))
    .map(
      ([zxid]) =>
        `still answered ${model} under ${zxid} long after it had reached ZooKeeper, after ${former}`,
    );
}

/** By when, if it was last seen without a connection at that moment before `at`. */
function mustHaveCaughtUpAt({ health, connectedAt }: Life, at: number): number {
  const marked = health.findLast((look) => look.stale && look.at <= at)?.at ?? Number.NEGATIVE_INFINITY;
  return Math.max(marked, connectedAt ?? Number.POSITIVE_INFINITY) + CAUGHT_UP_WITHIN_MS;
}

/** Whether all that was promoted in the time in which one must catch up is there to be served. */
function servable(promotions: readonly Promotion[], at: number): boolean {
  const before = promotions.filter(({ when }) => when <= at).sort((a, b) => (a.zxid < b.zxid ? -1 : 1));
  const inForce = before.filter(
    ({ when }, i) =>
      when > at - CAUGHT_UP_WITHIN_MS ||
      i === before.length - 1 ||
      (before[i + 1]?.when ?? at) > at - CAUGHT_UP_WITHIN_MS,
  );
  return inForce.every(({ version }) => version !== 'missing');
}

function unmarked({ health, connectedAt = Number.POSITIVE_INFINITY }: Life): string[] {
  const looks = health.filter(({ at, stale }) => !stale && at < connectedAt - SEEN_WITHIN_MS);
  return looks.length === 0 ? [] : [`not marked as stale ${looks.length} times, without ZooKeeper`];
}

function spansOf({ loads }: Life, model: string, kind: Kind): ReadonlyMap<string, Span> {
  return loads[model]?.spans[kind] ?? new Map<string, Span>();
}

function onDisk(state: LastGood, model: string, kind: Kind): string | undefined {
  const good = state.models.find((one) => one.model === model);
  return kind === 'promotion' ? good?.mzxid : good?.config?.mzxid;
}
