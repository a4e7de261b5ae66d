import { heldOut, versionOf } from '../../bench/held-out';
import { PROJECT_ROOT } from './serve-process';

export const IRIS = heldOut('iris', PROJECT_ROOT);
export const DIGITS = heldOut('digits', PROJECT_ROOT);

interface OutputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

export interface Inferred {
  readonly status: number;
  readonly headers: Headers;
  readonly version: string | undefined;
  readonly outputs: readonly OutputTensor[];
  readonly error: string | undefined;
}

/** Sends rows of features to `POST /v2/models/{model}/infer`; every answer is returned, errors too. */
export async function infer(
  url: string,
  model: string,
  rows: readonly (readonly number[])[],
  version?: string,
): Promise<Inferred> {
  const pinned = version === undefined ? '' : `/versions/${version}`;
  const shape = [rows.length, rows[0]?.length ?? 0];
  const response = await fetch(`${url}/v2/models/${model}${pinned}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape, data: rows }] }),
  });
  // The server's own JSON; a missing field shows in the test that reads it.
  const body = (await response.json()) as {
    model_version?: string;
    outputs?: OutputTensor[];
    error?: string;
  };
  return {
    status: response.status,
    headers: response.headers,
    version: body.model_version,
    outputs: body.outputs ?? [],
    error: body.error,
  };
}

/** The version whose numbers the answer holds, told by scikit-learn's own answers for the held-out iris row 0. */
export async function irisVersion(url: string): Promise<string | undefined> {
  const answer = await infer(url, 'iris', [IRIS.rows[0] ?? []]);
  const probabilities = answer.outputs.find(({ name }) => name === 'probabilities')?.data as
    number[] | undefined;
  const made = versionOf(IRIS, 0, probabilities ?? []);
  return made === answer.version ? made : undefined;
}
