import type { Datatype } from '../datatype';
import { DataFault, describe, shapeText } from './data-fault';
import { expectedElement, fillNumbers, fillTexts, isHoldable } from './json-elements';
import type { NumberRun } from './number-run';
import { ARRAY_KINDS, elementCount, type NumericArray, type Tensor } from './tensor';

/** Dimensions of a tensor at the most; nesting beyond it is not walked. */
export const MAX_RANK = 32;
const MAX_DIMENSION = 2 ** 31 - 1;

/** A shape as a stranger sent it: non-negative integers. @throws DataFault at `shape` or `shape[i]`. */
export function readShape(value: unknown): readonly number[] {
  if (!Array.isArray(value)) {
    throw new DataFault(
      'shape',
      `got ${describe(value)}, expected an array of the lengths of the dimensions`,
    );
  }
  const shape: readonly unknown[] = value;
  const lengths: number[] = [];
  if (shape.length > MAX_RANK) {
    throw new DataFault('shape', `got ${shape.length} dimensions, expected ${MAX_RANK} at the most`);
  }
  for (let i = 0; i < shape.length; i++) {
    const dimension = shape[i];
    if (
      typeof dimension !== 'number' ||
      !Number.isInteger(dimension) ||
      dimension < 0 ||
      dimension > MAX_DIMENSION
    ) {
      throw new DataFault(
        `shape[${i}]`,
        `got ${describe(dimension)}, expected an integer of 0 to ${MAX_DIMENSION}`,
      );
    }
    lengths.push(dimension);
  }
  return lengths;
}

/**
 * A tensor from `data` as JSON says it, nested as the shape is or flat in row-major order; a scalar bare or as
 * an array of one. Nothing is allocated for more than `limit` elements: a text of so many bytes cannot hold them.
 *
 * @throws DataFault at `data` or the element at fault.
 */
export function tensorFromJson(
  datatype: Datatype,
  shape: readonly number[],
  data: unknown,
  { limit, nonFinite = false }: { readonly limit: number; readonly nonFinite?: boolean },
): Tensor {
  const values: unknown = shape.length === 0 && !Array.isArray(data) ? [data] : data;
  if (!Array.isArray(values)) {
    throw new DataFault('data', `got ${describe(data)}, expected an array of ${datatype}`);
  }
  const count = elementCount(shape);
  const nested = shape.length > 1 && Array.isArray(values[0]);
  if (nested ? count > limit : values.length !== count) {
    throw new DataFault('data', countProblem(countLeaves(values, 0), shape, count));
  }
  if (datatype === 'BYTES') {
    const texts: string[] = [];
    fill({ datatype, shape, put: (at, row) => fillTexts(texts, at, row) }, values, nested);
    return { datatype, shape, data: texts };
  }
  const numbers: NumericArray = new ARRAY_KINDS[datatype](count);
  if (!nested) {
    const bad = fillNumbers(datatype, numbers, 0, values, nonFinite);
    if (bad >= 0) throw elementFault(datatype, `data[${bad}]`, values[bad]);
  } else {
    const put = (at: number, row: readonly unknown[]): number =>
      fillNumbers(datatype, numbers, at, row, nonFinite);
    fill({ datatype, shape, put }, values, nested);
  }
  return { datatype, shape, data: numbers };
}

/**
 * The same from a run of numbers. @throws DataFault when it has to be read as JSON, be it for its error.
 */
export function tensorFromRun(datatype: Datatype, shape: readonly number[], run: NumberRun): Tensor {
  const count = elementCount(shape);
  const values = datatype === 'BYTES' ? undefined : run.read(shape, count, datatype === 'FP32');
  if (datatype !== 'BYTES' && values !== undefined) {
    if (datatype === 'FP32' || datatype === 'FP64') {
      if (areFinite(values)) return { datatype, shape, data: values };
      throw new DataFault('data', 'must be read as JSON');
    }
    const numbers = new ARRAY_KINDS[datatype](count);
    if (fillNumbers(datatype, numbers, 0, values) < 0) return { datatype, shape, data: numbers };
  }
  throw new DataFault('data', 'must be read as JSON');
}

function areFinite(values: Float32Array | Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

interface Filling {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Takes one innermost row that begins at that element; the index of the first bad one, or -1. */
  readonly put: (at: number, row: readonly unknown[]) => number;
}

function fill(filling: Filling, values: readonly unknown[], nested: boolean): void {
  if (nested) {
    fillNested(filling, values, [], 0);
    return;
  }
  const bad = filling.put(0, values);
  if (bad >= 0) throw elementFault(filling.datatype, `data[${bad}]`, values[bad]);
}

/** Returns the number of elements filled so far. `indices` lead to `value`. */
function fillNested(filling: Filling, value: unknown, indices: number[], at: number): number {
  const { datatype, shape } = filling;
  const depth = indices.length;
  const expected = shape[depth];
  if (!Array.isArray(value) || value.length !== expected) {
    const came = Array.isArray(value) ? `${value.length} elements` : describe(value);
    throw new DataFault(
      pathTo(indices),
      `got ${came}, expected an array of ${String(expected)}, as shape ${shapeText(shape)} says`,
    );
  }
  const row: readonly unknown[] = value;
  if (depth === shape.length - 1) {
    const bad = filling.put(at, row);
    if (bad >= 0) throw elementFault(datatype, `${pathTo(indices)}[${bad}]`, row[bad]);
    return at + row.length;
  }
  let filled = at;
  for (let i = 0; i < row.length; i++) {
    indices.push(i);
    filled = fillNested(filling, row[i], indices, filled);
    indices.pop();
  }
  return filled;
}

function pathTo(indices: readonly number[]): string {
  return `data${indices.map((index) => `[${index}]`).join('')}`;
}

function elementFault(datatype: Datatype, path: string, value: unknown): DataFault {
  const lossy =
    (datatype === 'INT64' || datatype === 'UINT64') &&
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value);
  const came =
    datatype === 'BYTES' && typeof value === 'string' && !isHoldable(value)
      ? `${describe(value)}, which ONNX Runtime cannot hold`
      : describe(value);
  return new DataFault(path, `got ${came}, expected ${expectedElement(datatype)}`, lossy);
}

function countProblem(came: number, shape: readonly number[], count: number): string {
  return `got ${came} elements, expected ${count}, as shape ${shapeText(shape)} says`;
}

/** Elements in nested arrays; an array nested deeper than any tensor counts as one. */
function countLeaves(values: readonly unknown[], depth: number): number {
  let count = 0;
  for (const value of values) {
    count += Array.isArray(value) && depth < MAX_RANK ? countLeaves(value, depth + 1) : 1;
  }
  return count;
}
