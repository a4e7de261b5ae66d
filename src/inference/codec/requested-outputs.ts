import { RequestError } from '../../errors';
import { shown } from '../../names';
import { describe, isRecord } from './data-fault';

/** One output that a request asks for. */
export interface RequestedOutput {
  readonly name: string;
  /** As a binary tensor. */
  readonly binary: boolean;
}

/** Extensions that would change the answer and that are not spoken here: refused, not ignored. */
const UNKNOWN_EXTENSIONS = ['classification', 'shared_memory_region'];

/** Members of a `parameters` object; those that nobody asks for are ignored, as the protocol has it. */
export interface Parameters {
  boolean(key: string): boolean | undefined;
  /** A number of bytes. */
  size(key: string): number | undefined;
}

const NONE: Parameters = { boolean: () => undefined, size: () => undefined };

/** `field` is the path of `value` in the request. @throws RequestError BAD_INPUT. */
export function readParameters(value: unknown, field: string): Parameters {
  if (value === undefined) return NONE;
  if (!isRecord(value)) throw bad(field, value, 'an object');
  for (const key of UNKNOWN_EXTENSIONS) {
    if (value[key] !== undefined) {
      throw new RequestError('BAD_INPUT', `${field}.${key}: this extension of the protocol is not supported`);
    }
  }
  return {
    boolean: (key) => {
      const flag = value[key];
      if (flag === undefined || typeof flag === 'boolean') return flag;
      throw bad(`${field}.${key}`, flag, 'true or false');
    },
    size: (key) => {
      const size = value[key];
      if (size === undefined) return undefined;
      if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size;
      throw bad(`${field}.${key}`, size, 'a number of bytes');
    },
  };
}

/**
 * `outputs` of a request: undefined, for all, when there are none. `known` undefined: any name may be asked
 * for. @throws RequestError BAD_INPUT.
 */
export function readRequestedOutputs(
  values: unknown,
  known: readonly string[] | undefined,
  binaryByDefault: boolean,
): readonly RequestedOutput[] | undefined {
  if (values === undefined) return undefined;
  if (!Array.isArray(values)) throw bad('outputs', values, 'an array of the outputs that are wanted');
  if (values.length === 0) return undefined;
  const names = new Set<string>();
  return values.map((value: unknown, i) => {
    if (!isRecord(value)) throw bad(`outputs[${i}]`, value, 'an object with the name of an output');
    const name = value['name'];
    if (typeof name !== 'string') throw bad(`outputs[${i}].name`, name, 'text');
    if (known?.includes(name) === false) throw unknownOutput(i, name, known);
    if (names.has(name)) {
      throw new RequestError('BAD_INPUT', `outputs[${i}].name: got ${shown(name)} a second time`);
    }
    names.add(name);
    const parameters = readParameters(value['parameters'], `outputs[${i}].parameters`);
    return { name, binary: parameters.boolean('binary_data') ?? binaryByDefault };
  });
}

export function unknownOutput(index: number, name: string, known: readonly string[]): RequestError {
  return new RequestError(
    'BAD_INPUT',
    `outputs[${index}].name: got ${shown(name)}, expected one of ${known.map(shown).join(', ')}`,
  );
}

function bad(field: string, value: unknown, expected: string): RequestError {
  return new RequestError('BAD_INPUT', `${field}: got ${describe(value)}, expected ${expected}`);
}
