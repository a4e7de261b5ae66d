import { modelWith } from '../../support/handler-model';
import { ModelWorker, type Answer, type BatchOptions, type RequestBody } from '../../support/model-worker';
import { Scratch } from '../../support/scratch';

export const pair = (...data: unknown[]): object => ({
  inputs: [{ name: 'input', shape: [1, 2], datatype: 'FP32', data }],
});

export function outputs(answer: Answer): Readonly<Record<string, unknown>> {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return Object.fromEntries(answer.json.outputs.map(({ name, data }) => [name, data]));
}

/** What a model of `input` FP32 [N,M] with that handler answers. */
export async function answered(
  handler: string,
  bodies: readonly RequestBody[],
  options?: BatchOptions & { readonly settings?: object; readonly fixture?: string },
): Promise<readonly Answer[]> {
  await using scratch = await Scratch.create();
  const { settings, fixture = 'identity_fp32' } = options ?? {};
  const files = await modelWith(scratch.path, fixture, { handler, ...(settings && { settings }) });
  await using worker = new ModelWorker(files);
  await worker.ready();
  return (await worker.batch(bodies, options)).answers;
}

export async function oneAnswer(handler: string, body: RequestBody = pair(1, 2)): Promise<Answer> {
  return (await answered(handler, [body]))[0]!;
}
