import { fromHalves } from '../codec/json-array';
import { joinRows, numbersOf, sliceRows, type Tensor } from '../codec/tensor';
import { constantRow } from './constant-row';
import type { ModelSession } from './model-session';

type Named = ReadonlyMap<string, Tensor>;

/** Quantised models are a little off by nature when their neighbours change. */
const TOLERANCE = 0.05;

/**
 * Whether the rows of a batch leave each other alone. A free first dimension does not promise it: a model may
 * normalise over it, or reshape to one row inside. So a row of zeros and a row of ones (zeros again, where the
 * model refuses ones) are run alone and joined, and must answer alike. Of a model that runs on neither nothing is
 * known, so its requests are run one at a time.
 */
export async function rowsAreIndependent(session: ModelSession): Promise<boolean> {
  const zeros = constantRow(session.signature.inputs, 0);
  const alone = await attempt(session, zeros);
  if (alone === undefined) return false;
  const ones = constantRow(session.signature.inputs, 1);
  const second = await attempt(session, ones);
  const rows = second === undefined ? [zeros, zeros] : [zeros, ones];
  const joined = await attempt(session, join(rows));
  return joined !== undefined && answersAlike([alone, second ?? alone], joined);
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
  const floats = names.filter((name) => isFloat(joined.get(name)));
  // A class may tip over on the last bit of a score: where there are scores, they decide.
  for (const name of floats.length > 0 ? floats : names) {
    const both = joined.get(name);
    if (both === undefined) return false;
    for (const [row, answers] of alone.entries()) {
      const one = answers.get(name);
      if (one === undefined || !alike(one, sliceRows(both, row, row + 1))) return false;
    }
  }
  return true;
}

function alike(one: Tensor, other: Tensor): boolean {
  if (one.datatype === 'BYTES' || other.datatype === 'BYTES' || !isFloat(one)) {
    return one.data.length === other.data.length && one.data.every((value, i) => value === other.data[i]);
  }
  const a = floatsOf(one);
  const b = floatsOf(other);
  if (a.length !== b.length) return false;
  let magnitude = 0;
  for (const value of a) if (Number.isFinite(value)) magnitude = Math.max(magnitude, Math.abs(value));
  return a.every(
    (value, i) => Object.is(value, b[i]) || Math.abs(value - (b[i] ?? NaN)) <= TOLERANCE * magnitude + 1e-6,
  );
}

function isFloat(tensor: Tensor | undefined): boolean {
  return tensor?.datatype === 'FP16' || tensor?.datatype === 'FP32' || tensor?.datatype === 'FP64';
}

function floatsOf(tensor: Tensor): readonly number[] {
  if (tensor.datatype === 'BYTES') return [];
  const numbers = numbersOf(tensor);
  return Array.from(tensor.datatype === 'FP16' ? fromHalves(numbers) : numbers, Number);
}
