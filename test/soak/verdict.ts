import type { CheckedLoadResult } from '../../bench/checked-load';
import { misnamed } from '../../bench/misnamed';
import type { Life } from '../support/life';
import type { ObservedReplica } from '../support/observed-replica';
import { wentBackAcrossLives } from './across-lives';
import type { LaneOutcome } from './lane';
import type { Rig } from './rig';
import { MODELS } from './models';

/** In a replica's log: a false alarm about a wiped ensemble, handlers that broke, and a change that was missed. */
const ALARMS = [
  'accept-world',
  'lost its trigger',
  'follow-version failed',
  'apply-config failed',
  'nothing was notified: an audit found it',
];
/** By then each lane has had all its kinds twice and more. */
const LONG_MS = 180_000;

export interface Verdict {
  readonly requests: number;
  /** With the process that had them; each was sent before that was killed. */
  readonly lost: number;
  readonly lives: number;
  readonly written: Readonly<Record<'acknowledged' | 'unknown' | 'not done', number>>;
  readonly holders: number;
  readonly entries: number;
  /** Values that the clients were told of. */
  readonly told: number;
  /** Changes of znodes that nobody had been notified of. */
  readonly missed: number;
  /** Everything that is not as it must be. */
  readonly complaints: readonly string[];
}

/** Once every process has ended: what all of them, and the history, say of the run. */
export async function verdict({ session, replicas, observers, writes, lock }: Rig): Promise<Verdict> {
  const lives = replicas.flatMap((replica) => replica.lives);
  const loads = lives.flatMap((life) => Object.values(life.loads));
  const complaints = [
    ...replicas.flatMap(complaintsAbout),
    ...observers.flatMap((observer) => observer.complaints),
    ...observers.flatMap(({ name, session: { watchFigures } }) => missedBy(name, watchFigures.missed)),
    ...(await lock.complaints(session)),
  ];
  for (const model of MODELS) {
    complaints.push(...(await writes.complaints(model)));
    const promotions = await writes.promotions(model);
    const promoted = await writes.promoted(model);
    complaints.push(...lives.flatMap((life) => misnamedAnswers(life, model, promotions)));
    for (const replica of replicas) {
      const back = wentBackAcrossLives(replica.lives, model, promoted);
      complaints.push(...back.map((what) => `replica ${replica.name}, ${what}`));
    }
  }
  return {
    requests: sum(loads, ({ requests }) => requests),
    lost: sum(loads, ({ lost }) => lost),
    lives: lives.length,
    written: writes.counts,
    holders: lock.tokens.length,
    entries: (await lock.entries(session)).length,
    told: observers.reduce((total, { told }) => total + told, 0),
    missed:
      observers.reduce((total, { session: { watchFigures } }) => total + watchFigures.missed, 0) +
      lives.reduce((total, { missedChanges }) => total + missedChanges, 0),
    complaints,
  };
}

function complaintsAbout({ name, lives, logged }: ObservedReplica): string[] {
  const complaints = lives.flatMap(({ loads, unready, endedByItself, missedChanges }, i) => {
    const who = `replica ${name}, life ${i + 1}`;
    const one = missedBy(who, missedChanges);
    if (endedByItself !== undefined) one.push(`${who}: ended by itself with ${endedByItself}`);
    if (unready.length > 0) one.push(`${who}: ${unready.length} times not ready (${unready[0] ?? ''})`);
    for (const [model, { failed, failures, mixed, wentBack }] of Object.entries(loads)) {
      if (failed > 0) one.push(`${who}: ${failed} requests to ${model} failed: ${failures.join('; ')}`);
      if (mixed > 0) one.push(`${who}: ${mixed} answers of ${model} mixed versions`);
      if (wentBack > 0) one.push(`${who}: ${wentBack} answers of ${model} went back`);
    }
    return one;
  });
  // Not JSON: what Node.js itself wrote to stderr.
  const alarm = logged.find((line) => !line.startsWith('{') || ALARMS.some((words) => line.includes(words)));
  return alarm === undefined ? complaints : [...complaints, `replica ${name} logged ${alarm}`];
}

function missedBy(who: string, changes: number): string[] {
  return changes === 0 ? [] : [`${who}: ${changes} changes were found that nothing had been notified of`];
}

/** What was to happen and never did, in a run that is long enough for all of it. */
export function neverHappened(lanes: readonly LaneOutcome[], ms: number): string[] {
  if (ms < LONG_MS) return [];
  return lanes.flatMap(({ lane, counts }) =>
    [...counts].flatMap(([kind, { decided, took }]) =>
      took > 0 ? [] : [`${lane}: ${kind} was tried ${decided} times and never took hold`],
    ),
  );
}

/** Answers that named another version than the promotion did under which they were made. */
export function misnamedAnswers(
  life: Life,
  model: string,
  promotions: ReadonlyMap<string, string>,
): string[] {
  const load = life.loads[model];
  if (load === undefined) return [];
  return misnamed(load, promotions).map(
    ({ zxid, named, promoted = 'nothing', answers }) =>
      `${model} ${named} answered under ${zxid}, which promoted ${promoted}, ${answers} times`,
  );
}

function sum(loads: readonly CheckedLoadResult[], of: (load: CheckedLoadResult) => number): number {
  return loads.reduce((total, load) => total + of(load), 0);
}
