import { errorMessage, RequestError } from '../../errors';
import { shown } from '../../names';
import { DataFault, isRecord } from '../codec/data-fault';
import { requireFit } from '../codec/fit-signature';
import type { Tensor } from '../codec/tensor';
import type { ModelSignature } from '../signature';
import type { InferenceJob } from './inference-job';
import type { HandlerContext, ModelHandler } from './model-handler';
import { fromNamedTensors, toNamedTensors } from './named-tensors';

/** What is the same for every request that a handler sees. */
export type SharedContext = Omit<HandlerContext, 'params'>;

/** Replaces the request's tensors by those that `preprocess` makes of them; fails that job alone. */
export async function preprocess(
  handler: ModelHandler,
  job: InferenceJob,
  shared: SharedContext,
  signature: ModelSignature,
): Promise<void> {
  if (handler.preprocess === undefined) return;
  try {
    const returned = await handler.preprocess(job.given ?? {}, contextOf(job, shared));
    job.inputs = modelInputs(fromNamedTensors(returned), signature);
  } catch (error) {
    job.failure = handlerFailure('preprocess', error);
  }
}

/** Replaces the model's outputs by those that `postprocess` makes of them; fails that job alone. */
export async function postprocess(
  handler: ModelHandler,
  job: InferenceJob,
  shared: SharedContext,
): Promise<void> {
  if (handler.postprocess === undefined) return;
  try {
    const returned = await handler.postprocess(
      toNamedTensors(job.outputs),
      job.given ?? {},
      contextOf(job, shared),
    );
    job.outputs = fromNamedTensors(returned);
  } catch (error) {
    job.failure = handlerFailure('postprocess', error);
  }
}

function contextOf(job: InferenceJob, shared: SharedContext): HandlerContext {
  return Object.freeze({ ...shared, params: job.params });
}

function modelInputs(
  tensors: ReadonlyMap<string, Tensor>,
  { inputs }: ModelSignature,
): ReadonlyMap<string, Tensor> {
  const ordered = new Map<string, Tensor>();
  for (const input of inputs) {
    const tensor = tensors.get(input.name);
    if (tensor === undefined) throw new DataFault(`tensor ${shown(input.name)}`, 'is missing');
    try {
      requireFit(input, tensor.datatype, tensor.shape);
    } catch (error) {
      if (!(error instanceof DataFault)) throw error;
      throw new DataFault(`tensor ${shown(input.name)}, ${error.path}`, error.problem);
    }
    ordered.set(input.name, tensor);
  }
  for (const name of tensors.keys()) {
    if (!ordered.has(name)) throw new DataFault(`tensor ${shown(name)}`, 'is no input of the model');
  }
  return ordered;
}

/** Code may say that the request is at fault by throwing an error whose `code` is `BAD_INPUT`. */
function handlerFailure(step: string, thrown: unknown): RequestError {
  if (isRecord(thrown) && thrown['code'] === 'BAD_INPUT') {
    return new RequestError('BAD_INPUT', errorMessage(thrown), { cause: thrown });
  }
  return new RequestError('INTERNAL', `${step} of handler.js: ${errorMessage(thrown)}`, { cause: thrown });
}
