import type { CheckedLoadResult } from '../../bench/checked-load';
import type { Life, ObservedReplica } from '../support/observed-replica';
import type { Rig } from './rig';
import { MODELS } from './models';

/** In a replica's log: a false alarm about a wiped ensemble, and handlers that broke. */
const ALARMS = ['accept-world', 'lost its trigger', 'follow-version failed', 'apply-config failed'];

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
    ...(await lock.complaints(session)),
  ];
  for (const model of MODELS) {
    complaints.push(...(await writes.complaints(model)));
    const promotions = await writes.promotions(model);
    complaints.push(...lives.flatMap((life) => misnamed(life, model, promotions)));
  }
  return {
    requests: sum(loads, ({ requests }) => requests),
    lost: sum(loads, ({ lost }) => lost),
    lives: lives.length,
    written: writes.counts,
    holders: lock.tokens.length,
    entries: (await lock.entries(session)).length,
    told: observers.reduce((total, { told }) => total + told, 0),
    complaints,
  };
}

function complaintsAbout({ name, lives, logged }: ObservedReplica): string[] {
  const complaints = lives.flatMap(({ loads, unready, endedByItself }, i) => {
    const who = `replica ${name}, life ${i + 1}`;
    const one: string[] = [];
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

/** Answers that named another version than the promotion did under which they were made. */
export function misnamed(life: Life, model: string, promotions: ReadonlyMap<string, string>): string[] {
  return [...(life.loads[model]?.byPromotion ?? [])].flatMap(([zxid, versions]) => {
    const promoted = promotions.get(zxid) ?? 'nothing';
    return [...versions]
      .filter((version) => version !== promoted)
      .map((version) => `${model} ${version} answered under ${zxid}, which promoted ${promoted}`);
  });
}

function sum(loads: readonly CheckedLoadResult[], of: (load: CheckedLoadResult) => number): number {
  return loads.reduce((total, load) => total + of(load), 0);
}
