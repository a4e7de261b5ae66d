import { randomUUID } from 'node:crypto';
import { textOf } from './json-text';
import { NumberRun } from './number-run';

/** Runs of fewer bytes are not worth the search. */
const LEAST_BYTES = 256;
/** Keys that are looked at; a text of more is no request of a model that there is. */
const MOST_KEYS = 256;
/** No request can know it, so no text of a request is taken for a mark. */
const MARK = `${randomUUID()}:`;

const KEY = '"data"';
const [QUOTE, COMMA, COLON, OPEN, CLOSE, BRACE] = [0x22, 0x2c, 0x3a, 0x5b, 0x5d, 0x7d];

/** A JSON text in which long arrays of numbers are replaced by marks: text that names the run. */
export interface Skeleton {
  readonly text: string;
  readonly runs: readonly NumberRun[];
}

/** Which of the runs of its skeleton a value is the mark of; undefined for any other value. */
export function runIndexOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !value.startsWith(MARK)) return undefined;
  return Number(value.slice(MARK.length));
}

/**
 * Takes the values of keys named `data` out of a JSON text where they look like long arrays of numbers.
 * Undefined when there are none. A key that ends in an escaped quote and `data` is taken for one of them, which
 * is no matter: such a key is nobody's, and a run that nobody asks for makes the request be read the other way.
 */
export function skeletonOf(json: Buffer): Skeleton | undefined {
  if (json.byteLength < LEAST_BYTES) return undefined;
  const runs: NumberRun[] = [];
  let text = '';
  let taken = 0;
  let keys = 0;
  for (let key = json.indexOf(KEY); key >= 0; key = json.indexOf(KEY, key + KEY.length)) {
    if (++keys > MOST_KEYS) return undefined;
    const from = valueOf(json, key + KEY.length);
    const to = from === undefined ? undefined : endOf(json, from);
    if (from === undefined || to === undefined || to - from < LEAST_BYTES) continue;
    text += `${textOf(json.subarray(taken, from))}"${MARK}${runs.length}"`;
    runs.push(new NumberRun(json, from, to));
    taken = to;
    key = to - KEY.length;
  }
  if (runs.length === 0) return undefined;
  return { text: text + textOf(json.subarray(taken)), runs };
}

/** Where the array begins that follows a key, undefined when something else does. */
function valueOf(json: Buffer, at: number): number | undefined {
  const colon = pastSpace(json, at);
  if (json[colon] !== COLON) return undefined;
  const value = pastSpace(json, colon + 1);
  return json[value] === OPEN ? value : undefined;
}

/** Where an array ends that holds neither text nor objects; undefined when it holds some. */
function endOf(json: Buffer, from: number): number | undefined {
  // What follows the array in its object is the brace that closes it, or another key. The brace is looked for no
  // farther than the key, so that many keys do not make many searches of the whole text.
  const quote = json.indexOf(QUOTE, from);
  const before = quote < 0 ? json.subarray(from) : json.subarray(from, quote);
  const brace = before.indexOf(BRACE);
  let end = from + (brace < 0 ? before.byteLength : brace);
  while (end > from && (isSpace(json[end - 1]) || json[end - 1] === COMMA)) end--;
  return json[end - 1] === CLOSE ? end : undefined;
}

function pastSpace(json: Buffer, at: number): number {
  while (isSpace(json[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
