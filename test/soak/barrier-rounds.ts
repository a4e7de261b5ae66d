import { TEST_SESSION_TIMEOUT_MS } from '../support/zookeeper';
import { interruptionsWithin, type Heard } from './heard-session';

/** The znode of who gave up goes after that, by a request or two. */
const REMOVED_WITHIN_MS = 2 * TEST_SESSION_TIMEOUT_MS;
/** Without a connection it goes when that is back, or when the servers, after an election maybe, end the session. */
const EXPIRED_WITHIN_MS = 8 * TEST_SESSION_TIMEOUT_MS;

/** One call of `enterBarrier`, and what came of it. Times are those of `performance.now()`. */
export interface Visit {
  readonly worker: string;
  readonly heard: Heard;
  readonly came: number;
  passed?: Passed;
  /** When its wait ended in an error. */
  gaveUp?: number;
  /** When it said that it was done. */
  leaving?: number;
  /** When it was told that the others of its round were. */
  left?: number;
}

export interface Passed {
  readonly at: number;
  /** When the round was opened: by the clock of the host, which the servers share. */
  readonly openedAt: number;
  readonly round: string;
  readonly rank: number;
  readonly size: number;
}

type Passer = Visit & { readonly passed: Passed };

/** What of the visits to a barrier is not as `enterBarrier` and `leave` promise; nothing, if it is one. */
export function wrongRounds(size: number, visits: readonly Visit[]): string[] {
  const excuses = visits.flatMap(excusesOf);
  const rounds = roundsOf(visits);
  return rounds.flatMap((passers, index) => {
    const wrong = [
      ...wrongPlaces(size, passers),
      ...missing(size, passers, excuses),
      ...overlaps(passers, rounds.slice(index + 1).flat()),
      ...leftEarly(passers),
    ];
    return wrong.map((what) => `round ${passers[0]?.passed.round ?? ''} of the barrier: ${what}`);
  });
}

/** Those who passed together, in the order of the rounds. */
export function roundsOf(visits: readonly Visit[]): readonly (readonly Passer[])[] {
  const rounds = new Map<string, Passer[]>();
  for (const visit of visits) {
    if (!hasPassed(visit)) continue;
    const { round } = visit.passed;
    rounds.set(round, [...(rounds.get(round) ?? []), visit]);
  }
  return [...rounds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, passers]) => passers);
}

function wrongPlaces(size: number, passers: readonly Passer[]): string[] {
  const wrong = passers
    .filter(({ passed }) => passed.size !== size || passed.rank < 0 || passed.rank >= size)
    .map(({ worker, passed }) => `${worker} was told rank ${passed.rank} of ${passed.size}, not of ${size}`);
  if (new Set(passers.map(({ passed }) => passed.rank)).size < passers.length)
    wrong.push(`a rank was given twice: ${passers.map(({ worker, passed }) => `${worker} ${passed.rank}`).join(', ')}`); // prettier-ignore
  const firstPassed = Math.min(...passers.map(({ passed }) => passed.at));
  const late = passers.filter(({ came }) => came > firstPassed);
  return [...wrong, ...late.map(({ worker }) => `${worker} came after another had passed`)];
}

/** A place in a round that nobody took: whose znode stood there may have given up since, or lost its session. */
interface Excuse {
  readonly visit: Visit;
  readonly from: number;
  readonly until: number;
}

function excusesOf(visit: Visit): Excuse[] {
  const { heard, came, gaveUp } = visit;
  const ended = visit.passed?.at ?? gaveUp ?? Infinity;
  const excuses = heard.losses
    .filter((at) => at >= came && at <= ended)
    .map(() => ({ visit, from: came, until: ended + EXPIRED_WITHIN_MS }));
  if (gaveUp === undefined) return excuses;
  const alone = interruptionsWithin(heard, came, gaveUp + REMOVED_WITHIN_MS) === 0;
  return [...excuses, { visit, from: came, until: gaveUp + (alone ? REMOVED_WITHIN_MS : EXPIRED_WITHIN_MS) }];
}

/** Takes the excuses that it accepts: each is good for one round. */
function missing(size: number, passers: readonly Passer[], excuses: Excuse[]): string[] {
  const opened = Math.min(...passers.map(({ passed }) => passed.openedAt));
  for (let places = size - passers.length; places > 0; places -= 1) {
    const fitting = excuses.filter(
      ({ visit, from, until }) =>
        // The clock of the servers counts whole milliseconds.
        !passers.some((passer) => passer === visit) && from <= opened + 1 && opened <= until,
    );
    const [first] = fitting.sort((a, b) => a.until - b.until);
    if (first === undefined)
      return [`${passers.map(({ worker }) => worker).join(' and ')} passed for ${size}, and nobody else gave up`]; // prettier-ignore
    excuses.splice(excuses.indexOf(first), 1);
  }
  return [];
}

/** @param later those who passed in any later round */
function overlaps(passers: readonly Passer[], later: readonly Passer[]): string[] {
  return passers.flatMap((earlier) =>
    later
      .filter(({ passed }) => !isDone(earlier, passed.at))
      .map(({ worker, passed }) => `${worker} passed round ${passed.round} before ${earlier.worker} left`),
  );
}

/** `leave` waits until the others are done. */
function leftEarly(passers: readonly Passer[]): string[] {
  return passers.flatMap(({ worker, left }) =>
    passers
      .filter((other) => left !== undefined && !isDone(other, left))
      .map((other) => `${worker} was told that all were done before ${other.worker} left`),
  );
}

/** Whether it has left or lost its session by then; of a loss it may hear later than the others. */
function isDone({ heard, passed, leaving = Infinity }: Passer, at: number): boolean {
  return (
    leaving <= at || heard.losses.some((lost) => lost >= passed.openedAt && lost <= at + EXPIRED_WITHIN_MS)
  );
}

function hasPassed(visit: Visit): visit is Passer {
  return visit.passed !== undefined;
}
