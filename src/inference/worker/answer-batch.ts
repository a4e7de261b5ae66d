import { errorMessage, RequestError } from '../../errors';
import { RequestDecoder } from '../codec/decode-request';
import { AnswerEncoder, writeAnswer, type AnswerOutput, type EncodedAnswer } from '../codec/encode-answer';
import { unknownOutput } from '../codec/requested-outputs';
import type { Tensor } from '../codec/tensor';
import { postprocess, preprocess, type SharedContext } from './handler-calls';
import { PreparedParams, anyParams, type ParamsCheck } from './handler-params';
import type { InferenceJob } from './inference-job';
import type { LoadedModel } from './load-model';
import { modelLog } from './model-log';
import { toNamedTensors } from './named-tensors';
import { BodyPacker, unpackBodies, type PackedBody } from './packed-bodies';
import type { Batch, BatchAnswers, FailedRequest, FromWorker, ParamsEpoch } from './protocol';
import { CallRunner } from './run-calls';

const NO_OUTPUTS: ReadonlyMap<string, Tensor> = new Map();

/** Answers batches with one loaded model: decode, preprocess, run, postprocess, encode. */
export class BatchAnswerer {
  readonly #loaded: LoadedModel;
  readonly #decoder: RequestDecoder;
  readonly #encoder: AnswerEncoder;
  readonly #runner: CallRunner;
  readonly #params: PreparedParams;
  readonly #post: (message: FromWorker) => void;

  constructor(loaded: LoadedModel, post: (message: FromWorker) => void) {
    const { session, handler, model, version } = loaded;
    const { inputs, outputs } = session.signature;
    this.#loaded = loaded;
    this.#post = post;
    this.#decoder = new RequestDecoder(
      handler?.preprocess === undefined ? inputs : undefined,
      handler?.postprocess === undefined ? outputs.map(({ name }) => name) : undefined,
    );
    this.#encoder = new AnswerEncoder(model, version);
    this.#params = new PreparedParams(this.checkParams);
    this.#runner = new CallRunner(session, loaded.signature.batchable, (reason) => {
      post({
        type: 'log',
        level: 'warn',
        message: 'requests are run one by one from now on',
        fields: { model, version, reason },
      });
    });
  }

  /** Whether the model's code takes these params. */
  get checkParams(): ParamsCheck {
    return this.#loaded.handler?.checkParams ?? anyParams;
  }

  async answer(batch: Batch): Promise<BatchAnswers> {
    const { handler, session, model, version, labels } = this.#loaded;
    const withdrawn = batch.withdrawn && new Uint8Array(batch.withdrawn);
    const jobs = unpackBodies(batch.bodies).map((body, index) =>
      withdrawn !== undefined && Atomics.load(withdrawn, index) === 1 ? leftOut() : this.#begin(body, batch),
    );
    let rows: number[];
    if (handler === undefined) {
      rows = await this.#runner.run(jobs.filter(isJob), batch.maxRows);
    } else {
      const shared: SharedContext = { model, version, labels, log: modelLog(batch.logLevel, this.#post) };
      const begun = jobs.filter(isJob);
      await Promise.all(
        begun.map((job) => {
          this.#loaded.progress.step();
          return preprocess(handler, job, shared, session.signature);
        }),
      );
      rows = await this.#runner.run(begun.filter(goesOn), batch.maxRows);
      await Promise.all(
        begun.filter(goesOn).map((job) => {
          this.#loaded.progress.step();
          return postprocess(handler, job, shared);
        }),
      );
    }
    return gather(
      batch.id,
      jobs.map((job) => this.#finish(job)),
      rows,
    );
  }

  #begin({ offset, length, jsonLength, tag: epoch }: PackedBody, batch: Batch): InferenceJob | RequestError {
    const { handler } = this.#loaded;
    try {
      const params = handler === undefined ? {} : this.#paramsOf(epoch, batch.params);
      const { plan, inputs } = this.#decoder.decode(Buffer.from(batch.bodies, offset, length), jsonLength);
      return {
        plan,
        params,
        given: handler === undefined ? undefined : toNamedTensors(inputs),
        inputs,
        wanted: handler?.postprocess === undefined ? plan.outputs?.map(({ name }) => name) : undefined,
        outputs: NO_OUTPUTS,
        failure: undefined,
      };
    } catch (error) {
      return requestError(error);
    }
  }

  #paramsOf(epoch: number, given: readonly ParamsEpoch[]): Readonly<Record<string, unknown>> {
    const checked = this.#params.of(epoch, given);
    if (checked.ok) return checked.params;
    const { path, message } = checked.refusal;
    throw new RequestError(
      'NOT_READY',
      `version ${this.#loaded.version} does not take the params of the config in force: ${path} ${message}`,
    );
  }

  #finish(job: InferenceJob | RequestError): EncodedAnswer | RequestError {
    if (!isJob(job)) return job;
    if (job.failure !== undefined) return job.failure;
    try {
      return this.#encoder.encode(job.plan.id, outputsOf(job));
    } catch (error) {
      return requestError(error);
    }
  }
}

/** Errors of one request are its own; this is for what concerns the batch, like answers that no buffer holds. */
export function failWhole(batch: Batch, cause: unknown): BatchAnswers {
  const error = new RequestError('INTERNAL', `the answers could not be made: ${errorMessage(cause)}`, {
    cause,
  });
  return gather(
    batch.id,
    unpackBodies(batch.bodies).map(() => error),
    [],
  );
}

function leftOut(): RequestError {
  return new RequestError('CLIENT_GONE', 'the request was withdrawn before it was run');
}

function isJob(job: InferenceJob | RequestError): job is InferenceJob {
  return !(job instanceof RequestError);
}

function goesOn(job: InferenceJob): boolean {
  return job.failure === undefined;
}

function outputsOf(job: InferenceJob): readonly AnswerOutput[] {
  const { outputs, binaryOutputs } = job.plan;
  if (outputs === undefined) {
    const all: AnswerOutput[] = [];
    for (const [name, tensor] of job.outputs) all.push({ name, tensor, binary: binaryOutputs });
    return all;
  }
  return outputs.map(({ name, binary }, i) => {
    const tensor = job.outputs.get(name);
    if (tensor === undefined) throw unknownOutput(i, name, [...job.outputs.keys()]);
    return { name, tensor, binary };
  });
}

/** All answers in one buffer, which is transferred. */
function gather(
  id: number,
  finished: readonly (EncodedAnswer | RequestError)[],
  rows: readonly number[],
): BatchAnswers {
  let size = 0;
  for (const answer of finished) if (!(answer instanceof RequestError)) size += answer.bytes;
  const packer = new BodyPacker(finished.length, size);
  const buffer = Buffer.from(packer.buffer);
  const failures: FailedRequest[] = [];
  finished.forEach((answer, index) => {
    if (answer instanceof RequestError) {
      packer.place(0, -1);
      failures.push({ index, code: answer.code, message: answer.message });
    } else {
      const jsonLength = answer.binary === undefined ? -1 : answer.jsonBytes;
      writeAnswer(answer, buffer, packer.place(answer.bytes, jsonLength));
    }
  });
  return { type: 'answers', id, bodies: packer.buffer, failures, rows };
}

function requestError(thrown: unknown): RequestError {
  return thrown instanceof RequestError
    ? thrown
    : new RequestError('INTERNAL', errorMessage(thrown), { cause: thrown });
}
