import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020';
import schema from '../../src/inference/model-settings.schema.json';

const ROOT = join(__dirname, '../../..'); // from dist/test/models
const VERSIONS = ['1', '2'] as const;
const LARGEST_FILE = 500_000;
const VISIBLE = 1e-2;

interface Tensor {
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly number[];
}

interface Settings {
  readonly labels: readonly string[];
  readonly probes: readonly {
    readonly inputs: { readonly input: Tensor };
    readonly outputs: { readonly label: Tensor; readonly probabilities: Tensor };
  }[];
}

interface HeldOut {
  readonly labels: readonly string[];
  readonly rows: readonly (readonly number[])[];
  readonly versions: Readonly<
    Record<
      string,
      { readonly label: readonly number[]; readonly probabilities: readonly (readonly number[])[] }
    >
  >;
}

const validate = new Ajv2020({ strict: true }).compile<Settings>(schema);

function settings(model: string, version: string): Settings {
  const value: unknown = JSON.parse(readFileSync(join(ROOT, 'models', model, version, 'model.json'), 'utf8'));
  if (!validate(value)) throw new Error(JSON.stringify(validate.errors));
  return value;
}

function heldOut(model: string): HeldOut {
  return JSON.parse(readFileSync(join(ROOT, 'test/fixtures/heldout', `${model}.json`), 'utf8')) as HeldOut; // train.py writes it; the tests below look at every field.
}

describe.each([
  ['iris', 4, 3],
  ['digits', 64, 10],
])('sample model %s', (model, features, classes) => {
  it.each(VERSIONS)('version %s is small and its model.json fits the schema', (version) => {
    expect(statSync(join(ROOT, 'models', model, version, 'model.onnx')).size).toBeLessThan(LARGEST_FILE);
    const { labels, probes } = settings(model, version);
    expect(labels).toHaveLength(classes);
    const [probe] = probes;
    const rows = probe?.inputs.input.shape[0] ?? 0;
    expect(rows).toBeGreaterThan(0);
    expect(probe?.inputs.input.shape).toEqual([rows, features]);
    expect(probe?.outputs.probabilities.shape).toEqual([rows, classes]);
    expect(probe?.outputs.label.shape).toEqual([rows]);
  });

  it('is asked the same by the probes of both versions, and every row shows which one answered', () => {
    const [first, second] = VERSIONS.map((version) => settings(model, version).probes[0]);
    expect(second?.inputs).toEqual(first?.inputs);
    const before = first?.outputs.probabilities.data ?? [];
    const after = second?.outputs.probabilities.data ?? [];
    for (let row = 0; row < before.length; row += classes) {
      const differences = before.slice(row, row + classes).map((p, i) => Math.abs(p - (after[row + i] ?? p)));
      expect(Math.max(...differences)).toBeGreaterThan(VISIBLE);
    }
  });

  it('has held-out rows with the answers of both versions', () => {
    const { labels, rows, versions } = heldOut(model);
    expect(labels).toEqual(settings(model, '1').labels);
    expect(rows.length).toBeGreaterThanOrEqual(30);
    expect(rows.every((row) => row.length === features)).toBe(true);
    for (const version of VERSIONS) {
      const answers = versions[version];
      expect(answers?.label).toHaveLength(rows.length);
      expect(answers?.probabilities).toHaveLength(rows.length);
      answers?.probabilities.forEach((row, i) => {
        expect(row).toHaveLength(classes);
        expect(row.indexOf(Math.max(...row))).toBe(answers.label[i]);
      });
    }
  });
});

it('refuses a model.json with an unknown key, and one whose probe lacks its outputs', () => {
  expect(validate({ label: ['no', 'yes'] })).toBe(false);
  expect(validate({ probes: [{ inputs: {} }] })).toBe(false);
  expect(validate({ probes: [{ inputs: {}, outputs: {}, tolerance: -1 }] })).toBe(false);
  expect(validate({ probes: [{ inputs: {}, outputs: {}, tolerance: 0 }] })).toBe(true);
  expect(validate({})).toBe(true);
});
