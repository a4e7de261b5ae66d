import { setTimeout as sleep } from 'node:timers/promises';

/** A flower that the sample model's versions 1 and 2 are not equally sure about. */
const FLOWER = { name: 'input', shape: [1, 4], datatype: 'FP32', data: [6.3, 2.7, 4.9, 1.8] };
const DEADLINE_MS = 30_000;

export interface Prediction {
  /** The version of the model that made it. */
  readonly version: string;
  readonly probabilities: readonly number[];
}

/** Asks the model by the Open Inference Protocol. Rejects when it does not answer. */
async function predict(url: string, model: string, end: AbortSignal): Promise<Prediction> {
  const response = await fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [FLOWER] }),
    signal: end,
  });
  const answer = (await response.json()) as {
    readonly error?: string;
    readonly model_version?: string;
    readonly outputs?: readonly { readonly name: string; readonly data: readonly number[] }[];
  };
  if (!response.ok) throw new Error(answer.error ?? `status ${response.status}`);
  const probabilities = answer.outputs?.find(({ name }) => name === 'probabilities')?.data ?? [];
  return { version: answer.model_version ?? '', probabilities };
}

/** Asks until `version` answers. */
export async function predictionBy(
  version: string,
  url: string,
  model: string,
  end: AbortSignal,
): Promise<Prediction> {
  const deadline = performance.now() + DEADLINE_MS;
  let last = '';
  while (performance.now() < deadline) {
    try {
      const prediction = await predict(url, model, end);
      if (prediction.version === version) return prediction;
      last = `version ${prediction.version} answers`;
    } catch (error) {
      end.throwIfAborted();
      // So `fetch` says that there is nobody.
      if (error instanceof TypeError)
        throw new Error(`nobody answers at ${url}; npm start does`, { cause: error });
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(2, undefined, { signal: end });
  }
  throw new Error(
    `version ${version} has not answered within ${DEADLINE_MS} ms: ${last}. Does the server follow that znode?`,
  );
}
