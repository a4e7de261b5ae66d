import type { Tensor } from '../codec/tensor';
import type { ModelSignature } from '../signature';

type Inputs = ReadonlyMap<string, Tensor>;

/** Requests that are run in one call of ONNX Runtime. */
export interface Call<Job> {
  readonly jobs: Job[];
  /** Of all of them together; of no account for one that is run alone. */
  rows: number;
}

/**
 * Which requests go into which call: those of equal trailing dimensions together, in the order they came, up to
 * `maxRows` rows; one that has more rows than that alone. Without `batchable`, and for requests whose inputs do
 * not agree on a number of rows, each alone.
 */
export function planCalls<Job extends { readonly inputs: Inputs }>(
  jobs: readonly Job[],
  { signature, batchable, maxRows }: { signature: ModelSignature; batchable: boolean; maxRows: number },
): readonly Call<Job>[] {
  const calls: Call<Job>[] = [];
  const open = new Map<string, Call<Job>>();
  const keyed = signature.inputs.some(({ shape }) => shape.indexOf(-1, 1) > 0);
  for (const job of jobs) {
    const rows = commonRows(job.inputs);
    if (!batchable || rows === undefined || rows === 0) {
      calls.push({ jobs: [job], rows: rows ?? 1 });
      continue;
    }
    const key = keyed ? trailingDimensions(job.inputs) : '';
    const call = open.get(key);
    if (call !== undefined && call.rows + rows <= maxRows) {
      call.jobs.push(job);
      call.rows += rows;
    } else {
      const next = { jobs: [job], rows };
      calls.push(next);
      open.set(key, next);
    }
  }
  return calls;
}

/** The first dimension that all inputs share, undefined when they do not. */
function commonRows(inputs: Inputs): number | undefined {
  let rows: number | undefined;
  for (const { shape } of inputs.values()) {
    if (shape[0] === undefined || (rows !== undefined && shape[0] !== rows)) return undefined;
    rows = shape[0];
  }
  return rows;
}

function trailingDimensions(inputs: Inputs): string {
  let key = '';
  for (const { shape } of inputs.values()) {
    for (let i = 1; i < shape.length; i++) key += `${String(shape[i])},`;
    key += ';';
  }
  return key;
}
