import { shown } from '../../names';

/**
 * What is wrong with a tensor, at a path relative to it (`data[3]`, `shape`). Whoever knows where the tensor
 * came from turns it into an error of its own: a request's, a probe's, a handler's.
 */
export class DataFault extends Error {
  override readonly name = 'DataFault';
  constructor(
    readonly path: string,
    readonly problem: string,
    /** A 64-bit integer that `JSON.parse` rounded; the text may still say it exactly. */
    readonly lossy = false,
  ) {
    super(`${path}: ${problem}`);
  }
}

/** A value as an error shows it: short whatever came. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return shown(value);
    case 'bigint':
      return shown(value.toString()).slice(1, -1);
    case 'number':
    case 'boolean':
      return String(value);
    case 'undefined':
      return 'nothing';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

/** A shape as an error shows it: `[2,4]`. */
export function shapeText(shape: readonly number[]): string {
  return shape.length > 16 ? `[${shape.slice(0, 16).join(',')},...]` : `[${shape.join(',')}]`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
