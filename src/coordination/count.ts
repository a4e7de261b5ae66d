import { CoordinationError } from '../errors';

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;
const NUMBER = /^-?\d{1,19}$/;

/** Reads the text of a counter's znode; nothing is 0. Throws `BAD_DATA`. */
export function parseCount(path: string, data: Buffer | undefined): bigint {
  const text = data?.toString().trim() ?? '';
  if (text === '') return 0n;
  if (NUMBER.test(text)) {
    const count = BigInt(text);
    if (isCount(count)) return count;
  }
  throw new CoordinationError(
    'BAD_DATA',
    `${path} holds ${JSON.stringify(text.slice(0, 40))}; a counter is a whole number of 64 bits, such as 42`,
  );
}

/** Throws a RangeError for what {@link parseCount} would not read. */
export function formatCount(path: string, count: bigint): Buffer {
  if (!isCount(count)) throw new RangeError(`${count} leaves the range of 64 bits of the counter ${path}`);
  return Buffer.from(count.toString());
}

/** Whether a counter can be that. */
export function isCount(count: unknown): boolean {
  return typeof count === 'bigint' && count >= LOWEST && count <= HIGHEST;
}
