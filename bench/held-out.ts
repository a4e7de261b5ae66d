import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Held-out rows of a sample model with scikit-learn's own answers for each version. */
export interface HeldOut {
  readonly model: string;
  readonly labels: readonly string[];
  /** One row of features each. */
  readonly rows: readonly (readonly number[])[];
  readonly versions: Readonly<
    Record<
      string,
      { readonly label: readonly number[]; readonly probabilities: readonly (readonly number[])[] }
    >
  >;
}

/** The held-out rows of `model`, `iris` or `digits`, from the fixtures of the project at `projectRoot`. */
export function heldOut(model: string, projectRoot = process.cwd()): HeldOut {
  const path = join(projectRoot, 'test', 'fixtures', 'heldout', `${model}.json`);
  // A file of this project's own, made by models/train.py.
  return JSON.parse(readFileSync(path, 'utf8')) as HeldOut;
}

/** The version whose probabilities for `row` are within 1e-5 of `got`, or undefined: neither, or a mixture. */
export function versionOf(fixture: HeldOut, row: number, got: readonly number[]): string | undefined {
  return Object.keys(fixture.versions).find((version) => {
    const expected = fixture.versions[version]?.probabilities[row] ?? [];
    return (
      expected.length === got.length &&
      expected.every((value, i) => Math.abs(value - (got[i] ?? NaN)) <= 1e-5)
    );
  });
}
