import type { Rows } from './load/infer-request';
import { randomFrom } from './random';

/** `count` different tensors of that shape, named as the perceptrons' input is, of numbers from 0 to 1. */
export function someRows(count: number, shape: readonly [rows: number, width: number]): Rows[] {
  const random = randomFrom(1);
  const [rows, width] = shape;
  return Array.from({ length: count }, () => ({
    name: 'input',
    shape,
    data: Float32Array.from({ length: rows * width }, random),
  }));
}
