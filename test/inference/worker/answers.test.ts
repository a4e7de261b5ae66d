import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelWorker, type Answer, type AnswerJson } from '../../support/model-worker';
import { fixtures, PROJECT, samples } from '../../support/repositories';

interface HeldOut {
  readonly rows: readonly (readonly number[])[];
  readonly versions: Readonly<
    Record<string, { readonly label: readonly number[]; readonly probabilities: readonly number[][] }>
  >;
}

function json(answer: Answer): AnswerJson {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer.json;
}

function output(answer: Answer, name: string): readonly unknown[] {
  return json(answer).outputs.find((one) => one.name === name)?.data ?? [];
}

const fp32 = (name: string, shape: readonly number[], data: readonly unknown[]): object => ({
  inputs: [{ name, shape, datatype: 'FP32', data }],
});

describe.each([
  ['iris', '1'],
  ['iris', '2'],
  ['digits', '1'],
  ['digits', '2'],
])('%s version %s', (model, version) => {
  it('answers held-out rows as scikit-learn does, one request a row, and all of them in one', async () => {
    const heldOut = JSON.parse(
      await readFile(join(PROJECT, `test/fixtures/heldout/${model}.json`), 'utf8'),
    ) as HeldOut;
    const expected = heldOut.versions[version]!;
    const width = heldOut.rows[0]!.length;
    await using worker = new ModelWorker(await samples.locate(model, version), { handlers: false });
    await worker.ready();
    const whole = await worker.infer(fp32('input', [heldOut.rows.length, width], heldOut.rows));
    const single = await worker.batch(heldOut.rows.map((row) => fp32('input', [1, width], row)));
    expect(single.rows).toEqual([heldOut.rows.length]);
    const labels = single.answers.flatMap((answer) => output(answer, 'label'));
    expect(labels).toEqual(expected.label);
    expect(output(whole, 'label')).toEqual(expected.label);
    const probabilities = single.answers.flatMap((answer) => output(answer, 'probabilities')) as number[];
    const wholeProbabilities = output(whole, 'probabilities') as number[];
    for (const [i, probability] of expected.probabilities.flat().entries()) {
      expect(Math.abs(probabilities[i]! - probability)).toBeLessThanOrEqual(1e-5);
      expect(Math.abs(wholeProbabilities[i]! - probability)).toBeLessThanOrEqual(1e-5);
    }
    expect(json(whole)).toMatchObject({ model_name: model, model_version: version });
  });
});

describe('a batch', () => {
  it('is answered request by request, also when some of them are bad', async () => {
    await using worker = new ModelWorker(await samples.locate('iris', '1'));
    const good = { id: 'mine', ...fp32('input', [1, 4], [6.3, 2.7, 4.9, 1.8]) };
    const { answers, rows } = await worker.batch([good, '{', fp32('input', [1, 3], [1, 2, 3]), good]);
    expect(rows).toEqual([2]);
    expect(answers.map((answer) => answer.ok)).toEqual([true, false, false, true]);
    expect(json(answers[0]!).id).toBe('mine');
    expect(answers[2]).toEqual({
      ok: false,
      code: 'BAD_INPUT',
      message: 'inputs[0].shape: got [1,3], expected [-1,4] (-1: any length)',
    });
  });

  it('is run in calls of at most maxRows rows; a larger request alone', async () => {
    await using worker = new ModelWorker(await fixtures.locate('which_version', '1'));
    const rows = (n: number): object => fp32('input', [n, 1], new Array<number>(n).fill(0));
    const { answers, rows: calls } = await worker.batch([rows(2), rows(2), rows(9), rows(3), rows(1)], {
      maxRows: 4,
    });
    expect(calls).toEqual([4, 9, 4]);
    expect(answers.map((answer) => output(answer, 'version').length)).toEqual([2, 2, 9, 3, 1]);
  });

  it('joins only requests of equal trailing dimensions', async () => {
    await using worker = new ModelWorker(await fixtures.locate('identity_fp32', '1'));
    const { answers, rows } = await worker.batch([
      fp32('input', [1, 2], [1, 2]),
      fp32('input', [1, 3], [3, 4, 5]),
      fp32('input', [2, 2], [6, 7, 8, 9]),
    ]);
    expect(rows).toEqual([3, 1]);
    expect(answers.map((answer) => output(answer, 'output'))).toEqual([
      [1, 2],
      [3, 4, 5],
      [6, 7, 8, 9],
    ]);
  });

  it('that fails as a whole is run one by one, so that only the culprit fails', async () => {
    await using worker = new ModelWorker(await fixtures.locate('lookup', '1'));
    const index = (...data: number[]): object => ({
      inputs: [{ name: 'index', shape: [data.length], datatype: 'INT64', data }],
    });
    const { answers, rows } = await worker.batch([index(1), index(2, 99), index(3, 0)]);
    expect(rows).toEqual([5, 1, 2, 2]);
    expect(answers[0]).toMatchObject({ ok: true });
    expect(answers[1]).toMatchObject({ ok: false, code: 'BAD_INPUT' });
    expect(answers[1]).toHaveProperty('message', expect.stringContaining('idx=99'));
    expect(answers[2]).toMatchObject({ ok: true });
  });

  it.each([['column_sums'], ['non_zero']])(
    'to %s, whose output rows are not its input rows, is run one by one',
    async (model) => {
      await using worker = new ModelWorker(await fixtures.locate(model, '1'));
      const { answers, rows } = await worker.batch([
        fp32('input', [1, 2], [1, 2]),
        fp32('input', [1, 2], [3, 4]),
      ]);
      expect(rows).toEqual([1, 1]);
      if (model === 'column_sums') {
        expect(answers.map((answer) => output(answer, 'sums'))).toEqual([
          [1, 2],
          [3, 4],
        ]);
      }
    },
  );

  it('takes several inputs and outputs, in any order, and gives the outputs that are asked for', async () => {
    await using worker = new ModelWorker(await fixtures.locate('two_in_two_out', '1'));
    const a = { name: 'a', shape: [1, 2], datatype: 'FP32', data: [1, 2] };
    const b = { name: 'b', shape: [1, 2], datatype: 'FP32', data: [10, 20] };
    const { answers, rows } = await worker.batch([
      { inputs: [a, b] },
      { inputs: [b, a], outputs: [{ name: 'difference' }] },
      { inputs: [a, b], outputs: [{ name: 'difference' }, { name: 'sum' }] },
      { inputs: [a, b], outputs: [{ name: 'product' }] },
    ]);
    expect(rows).toEqual([3]);
    expect(answers.slice(0, 3).map((answer) => json(answer).outputs.map(({ name }) => name))).toEqual([
      ['sum', 'difference'],
      ['difference'],
      ['difference', 'sum'],
    ]);
    expect(output(answers[1]!, 'difference')).toEqual([-9, -18]);
    expect(answers[3]).toEqual({
      ok: false,
      code: 'BAD_INPUT',
      message: 'outputs[0].name: got "product", expected one of "sum", "difference"',
    });
  });

  it('runs requests of no rows, and models of a fixed batch, alone', async () => {
    await using worker = new ModelWorker(await fixtures.locate('identity_fp32', '1'));
    const { answers, rows } = await worker.batch([
      fp32('input', [0, 2], []),
      fp32('input', [1, 2], [1, 2]),
      fp32('input', [1, 0], [[]]),
    ]);
    expect(rows).toEqual([0, 1, 1]);
    expect(answers.map((answer) => json(answer).outputs[0])).toEqual([
      { name: 'output', datatype: 'FP32', shape: [0, 2], data: [] },
      { name: 'output', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
      { name: 'output', datatype: 'FP32', shape: [1, 0], data: [] },
    ]);
    await using fixed = new ModelWorker(await fixtures.locate('fixed_batch', '1'));
    const two = fp32('input', [2, 3], [1, 2, 3, 4, 5, 6]);
    expect((await fixed.batch([two, two])).rows).toEqual([2, 2]);
    await using scalar = new ModelWorker(await fixtures.locate('scalar', '1'));
    const one = await scalar.batch([
      fp32('input', [], [7]),
      { inputs: [{ name: 'input', shape: [], datatype: 'FP32', data: 8 }] },
    ]);
    expect(one.rows).toEqual([1, 1]);
    expect(one.answers.map((answer) => json(answer).outputs[0])).toEqual([
      { name: 'output', datatype: 'FP32', shape: [], data: [7] },
      { name: 'output', datatype: 'FP32', shape: [], data: [8] },
    ]);
  });

  it('makes an id for each request that has none', async () => {
    await using worker = new ModelWorker(await fixtures.locate('identity_fp32', '1'));
    const request = fp32('input', [1, 1], [1]);
    const { answers } = await worker.batch([
      request,
      request,
      { ...request, id: '' },
      { ...request, id: 'é"\n' },
    ]);
    const ids = answers.map((answer) => json(answer).id);
    expect(new Set(ids).size).toBe(4);
    expect(ids.slice(2)).toEqual(['', 'é"\n']);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  });
});
