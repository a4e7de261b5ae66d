import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMet, ratioOf, type Figure } from '../figure';
import type { Machine } from './machine';

export interface Results {
  readonly name: string;
  readonly command: string;
  readonly date: string;
  readonly machine: Machine;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly plot: string | undefined;
}

/** `<name>.json` and, when there is a plot, `<name>.svg` in `folder`; returns their paths. */
export function writeResults(
  folder: string,
  { name, plot, figures, ...results }: Results,
): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const judged = figures.map((figure) => ({ ...figure, ratio: ratioOf(figure), met: isMet(figure) }));
  const json = join(folder, `${name}.json`);
  const { details, ...about } = results;
  // JSON has no Infinity, and would write null.
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value !== 'number' ? value : Number.isFinite(value) ? Number(value.toPrecision(6)) : String(value);
  writeFileSync(json, `${JSON.stringify({ ...about, figures: judged, details }, rounded, 2)}\n`);
  if (plot === undefined) return [json];
  const svg = join(folder, `${name}.svg`);
  writeFileSync(svg, plot);
  return [json, svg];
}
