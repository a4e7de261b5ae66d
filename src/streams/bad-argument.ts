import { inspect } from 'node:util';
import { ZooKeeperError } from '../errors';

const MOST_CHARACTERS = 200;

/** The error for an argument or an option `name` that is not what it has to be, which is `right`. */
export function badArgument(name: string, value: unknown, right: string): ZooKeeperError {
  return new ZooKeeperError('BAD_ARGUMENTS', `${name} is ${inWords(value)}; it has to be ${right}`, {
    mayHaveHappened: false,
    retryable: false,
  });
}

export function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

/** Also of another realm, where it is of another class. */
export function isSignal(value: unknown): boolean {
  return hasMethod(value, 'throwIfAborted') && hasMethod(value, 'addEventListener');
}

export function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}

/** One line, and short: what was handed over by mistake may be anything. */
function inWords(value: unknown): string {
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 80, maxArrayLength: 3 });
  const [line = ''] = text.split('\n');
  return line === text && line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS)} ...`;
}
