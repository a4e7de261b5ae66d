import { isAscii, isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { errorMessage, RequestError } from '../../errors';

/** The text of a JSON body. @throws RequestError BAD_INPUT for bytes that are no UTF-8. */
export function textOf(bytes: Buffer): string {
  // ASCII, the common case, is copied and not decoded.
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new RequestError('BAD_INPUT', 'the JSON is not valid UTF-8');
}

/**
 * Of keys that come twice, the last one counts. `__proto__` is a key like any other.
 * @throws RequestError BAD_INPUT.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RequestError('BAD_INPUT', `the JSON cannot be parsed: ${errorMessage(cause)}`, { cause });
  }
}

/**
 * The same with integers of 16 to 20 digits as bigints, since a double may not hold them and a 64-bit tensor may.
 * Several times slower, so only for texts that {@link parseJson} read and found to have such numbers in a 64-bit tensor.
 */
export function parseLossless(text: string): unknown {
  // Loaded by the first text that needs it.
  const { parse } = requireHere('lossless-json') as typeof import('lossless-json');
  try {
    return parse(text, undefined, {
      parseNumber: (digits) => (LONG_INTEGER.test(digits) ? BigInt(digits) : Number(digits)),
      onDuplicateKey: ({ newValue }) => newValue,
    });
  } catch (cause) {
    throw new RequestError('BAD_INPUT', `the JSON cannot be parsed: ${errorMessage(cause)}`, { cause });
  }
}

const requireHere = createRequire(__filename);
const LONG_INTEGER = /^-?\d{16,20}$/;
