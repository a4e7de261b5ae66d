import { types } from 'node:util';
import { badArgument, hasMethod, isSignal, isWhole } from '../streams/bad-argument';
import { pathProblem } from '../streams/znode-path';
import { isCount } from './count';

/** The longest that a timer of Node.js runs: one that is asked to run longer runs for no time at all. */
const LONGEST_MS = 2 ** 31 - 1;
const MOST_DRIFT_PPM = 1_000_000;

/** What a value has to be; undefined: it is. */
type Rule = (value: unknown) => string | undefined;

const rule =
  (right: string, holds: (value: unknown) => boolean): Rule =>
  (value) =>
    holds(value) ? undefined : right;

const znodePath: Rule = (value) => {
  const problem = value === '/' ? 'it is the root' : pathProblem(value);
  return problem === undefined ? undefined : `the path of a znode, such as /recipes/one: ${problem}`;
};

/** As one name in a path. */
const znodeName: Rule = (value) => {
  const slash = typeof value === 'string' && value.includes('/');
  const problem = slash ? 'it has a slash' : pathProblem(typeof value === 'string' ? `/${value}` : value);
  return value === '' || problem !== undefined
    ? `the name of a znode: ${problem ?? 'it is empty'}`
    : undefined;
};

const whole = (least: number): Rule =>
  rule(`a whole number from ${least} to ${LONGEST_MS}`, (value) => isWhole(value, least, LONGEST_MS));

const between = (least: number, most: number, what: string): Rule =>
  rule(`a number ${what} from ${least} to ${most}`, (value) => {
    return typeof value === 'number' && value >= least && value <= most;
  });

const milliseconds = between(0, LONGEST_MS, 'of milliseconds');
const callable = rule('a function', (value) => typeof value === 'function');

/** By the name of the argument or option; the same name means the same everywhere. */
const RULES = {
  session: rule('a session of openSession', (value) => hasMethod(value, 'watchData')),
  queue: rule('a WorkQueue', (value) => hasMethod(value, 'claim')),
  directory: znodePath,
  path: znodePath,
  name: znodeName,
  id: znodeName,
  options: rule(
    'an object, such as { signal }',
    (value) => typeof value === 'object' && value !== null && !isSignal(value),
  ),
  signal: rule(
    'an AbortSignal, such as controller.signal or AbortSignal.timeout(1000)',
    (value) => value === undefined || isSignal(value),
  ),
  data: rule('a Uint8Array, such as Buffer.from(text)', (value) => types.isUint8Array(value)),
  reason: rule('text', (value) => typeof value === 'string'),
  ops: rule('an array of the parts of a transaction', (value) => Array.isArray(value)),
  task: callable,
  work: callable,
  size: whole(1),
  maxAttempts: whole(1),
  samples: whole(1),
  afterMs: milliseconds,
  retryAfterMs: milliseconds,
  everyMs: milliseconds,
  driftPpm: between(0, MOST_DRIFT_PPM, 'of millionths'),
  time: rule('a number of milliseconds since 1970', (value) => Number.isFinite(value)),
  maxErrorMs: rule(
    'a number of milliseconds above 0',
    (value) => typeof value === 'number' && value > 0 && value < Infinity,
  ),
  delta: rule('a bigint, such as 1n', (value) => typeof value === 'bigint'),
  count: rule('a bigint of 64 bits, such as 1n', isCount),
} as const satisfies Record<string, Rule>;

/**
 * Throws `BAD_ARGUMENTS` for the first of `given` that is not what its name asks for, with the name, the value and what
 * would be right. Nothing has been sent then.
 */
export function checkArguments(given: Readonly<Partial<Record<keyof typeof RULES, unknown>>>): void {
  for (const [name, value] of Object.entries(given)) {
    // The type of `given` has no other keys.
    const right = RULES[name as keyof typeof RULES](value);
    if (right !== undefined) throw badArgument(name, value, right);
  }
}
