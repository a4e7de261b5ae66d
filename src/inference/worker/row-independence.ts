import { fromHalves } from '../codec/json-array';
import { joinRows, numbersOf, sliceRows, type Tensor } from '../codec/tensor';
import type { ModelSession } from './model-session';
import { isFloat, sampleRow, type Sample } from './sample-row';

type Named = ReadonlyMap<string, Tensor>;

/** Of the largest of a row's numbers: what adding up in another order may change. */
const TOLERANCE = 0.002;
/** The same of halves, which have 11 bits. */
const TOLERANCE_OF_HALVES = 0.02;

/** What is tried, in this order, until the model runs on both. */
const PAIRS: readonly (readonly [Sample, Sample])[] = [
  ['SMALL', 'LARGE'],
  ['ZEROS', 'ONES'],
  ['ZEROS', 'ZEROS'],
];

/**
 * Whether the rows of a batch leave each other alone, so that no request's answer depends on a stranger's. A free first
 * dimension does not promise it: a model may normalise over it, add up along it, reshape to one row inside, or quantise
 * by the largest number of the batch. So two rows that differ much are run alone, and together in both orders, and
 * must answer alike. Of a model that runs on none of the samples nothing is known, so its requests are run one at a time.
 */
export async function rowsAreIndependent(session: ModelSession): Promise<boolean> {
  for (const [one, other] of PAIRS) {
    const rows = [one, other, one].map((sample) => sampleRow(session.signature.inputs, sample));
    const [first, second] = rows as [Named, Named];
    const [aloneFirst, aloneSecond] = [await attempt(session, first), await attempt(session, second)];
    if (aloneFirst === undefined || aloneSecond === undefined) continue;
    const joined = await attempt(session, join(rows));
    return joined !== undefined && answersAlike([aloneFirst, aloneSecond, aloneFirst], joined);
  }
  return false;
}

async function attempt(session: ModelSession, inputs: Named): Promise<Named | undefined> {
  try {
    return await session.run(inputs);
  } catch {
    // Only whether it runs is asked here; what a refusal means, the caller decides.
    return undefined;
  }
}

function join(rows: readonly Named[]): Named {
  const [first] = rows;
  return new Map(
    [...(first?.keys() ?? [])].map((name) => [
      name,
      joinRows(
        rows.flatMap((row) => row.get(name) ?? []),
        rows.length,
      ),
    ]),
  );
}

function answersAlike(alone: readonly Named[], joined: Named): boolean {
  const names = [...joined.keys()];
  if (names.some((name) => joined.get(name)?.shape[0] !== alone.length)) return false;
  const haveScores = names.some((name) => isFloat(joined.get(name)?.datatype ?? 'BYTES'));
  return names.every((name) => {
    const all = joined.get(name);
    if (all === undefined) return false;
    const differing = alone.filter((answers, row) => {
      const one = answers.get(name);
      return one === undefined || !alike(one, sliceRows(all, row, row + 1));
    }).length;
    // A class may tip over on the last bit of its score, but hardly in two rows.
    return differing <= (haveScores && !isFloat(all.datatype) ? 1 : 0);
  });
}

function alike(one: Tensor, other: Tensor): boolean {
  if (one.datatype === 'BYTES' || other.datatype === 'BYTES' || !isFloat(one.datatype)) {
    return one.data.length === other.data.length && one.data.every((value, i) => value === other.data[i]);
  }
  const a = floatsOf(one);
  const b = floatsOf(other);
  if (a.length !== b.length) return false;
  let magnitude = 0;
  for (const value of a) if (Number.isFinite(value)) magnitude = Math.max(magnitude, Math.abs(value));
  const allowed = magnitude * (one.datatype === 'FP16' ? TOLERANCE_OF_HALVES : TOLERANCE) + 1e-6;
  return a.every((value, i) => Object.is(value, b[i]) || Math.abs(value - (b[i] ?? NaN)) <= allowed);
}

function floatsOf(tensor: Tensor): readonly number[] {
  if (tensor.datatype === 'BYTES') return [];
  const numbers = numbersOf(tensor);
  return Array.from(tensor.datatype === 'FP16' ? fromHalves(numbers) : numbers, Number);
}
