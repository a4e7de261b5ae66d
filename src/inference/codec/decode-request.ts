import { RequestError } from '../../errors';
import type { TensorSignature } from '../signature';
import { tensorFromBytes } from './binary-tensor';
import { DataFault } from './data-fault';
import { skeletonOf } from './json-skeleton';
import { tensorFromJson, tensorFromRun } from './json-tensor';
import { parseJson, parseLossless, textOf } from './json-text';
import type { NumberRun } from './number-run';
import { RequestPlanner, type InputPlan, type RequestPlan } from './request-plan';
import type { Tensor } from './tensor';

/** A request as it came, checked against what the model takes. */
export interface DecodedRequest {
  readonly plan: RequestPlan;
  /** By name, in the order of the plan. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}

interface Body {
  readonly json: Buffer;
  /** What follows the JSON, undefined when all of the body is JSON. */
  readonly tail: Buffer<ArrayBuffer> | undefined;
}

/** Plans that are remembered, and characters of a text of which one is. */
const MOST_PLANS = 64;
const MOST_CHARACTERS = 1024;

const NO_RUNS: readonly NumberRun[] = [];

/** Reads inference requests of the Open Inference Protocol, JSON with or without binary tensors. */
export class RequestDecoder {
  readonly #planner: RequestPlanner;
  /**
   * By the text beside the numbers, which is the same for all requests of most clients, once their numbers are
   * taken out of it. Requests with an id are not kept: they do not come again.
   */
  readonly #plans = new Map<string, RequestPlan>();

  /**
   * `inputs` undefined: any tensors are let through, since code takes them before the model does; `outputs`
   * undefined: any may be asked for, since code makes them.
   */
  constructor(inputs: readonly TensorSignature[] | undefined, outputs: readonly string[] | undefined) {
    this.#planner = new RequestPlanner(inputs, outputs);
  }

  /**
   * `jsonLength`: bytes of JSON at the beginning of `body`, -1 for all of it. Numbers of binary tensors stay in
   * `body`, so it must not be written to while the request is in use.
   *
   * @throws RequestError BAD_INPUT naming the field, what came and what was expected.
   */
  decode(body: Buffer<ArrayBuffer>, jsonLength: number): DecodedRequest {
    if (jsonLength > body.byteLength) {
      throw new RequestError(
        'BAD_INPUT',
        `Inference-Header-Content-Length: got ${jsonLength}, but the body has ${body.byteLength} bytes`,
      );
    }
    const parts: Body =
      jsonLength < 0
        ? { json: body, tail: undefined }
        : { json: body.subarray(0, jsonLength), tail: body.subarray(jsonLength) };
    return this.#readRuns(parts) ?? this.#readText(parts);
  }

  /** The request, when its numbers can be read without `JSON.parse`; undefined for all others, the bad ones too. */
  #readRuns(body: Body): DecodedRequest | undefined {
    try {
      const skeleton = skeletonOf(body.json);
      if (skeleton === undefined) return undefined;
      const plan = this.#planOf(skeleton.text);
      // A run that is no input's data has not been looked at: it may be no JSON.
      const used = plan.inputs.filter(({ source }) => source.kind === 'run').length;
      return used === skeleton.runs.length ? fill(plan, body, skeleton.runs) : undefined;
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  }

  #readText(body: Body): DecodedRequest {
    const text = textOf(body.json);
    if (body.tail !== undefined) return this.#readExactly(text, body, this.#planOf(text));
    return this.#readExactly(text, body, this.#planner.plan(parseJson(text)));
  }

  /** Reads the text a second time when 64-bit integers of it did not survive the first. */
  #readExactly(text: string, body: Body, plan: RequestPlan): DecodedRequest {
    try {
      return fill(plan, body, NO_RUNS);
    } catch (error) {
      if (!(error instanceof RequestError && error.cause instanceof DataFault && error.cause.lossy))
        throw error;
    }
    return fill(this.#planner.plan(parseLossless(text)), body, NO_RUNS);
  }

  #planOf(text: string): RequestPlan {
    const known = this.#plans.get(text);
    if (known !== undefined) return known;
    const plan = this.#planner.plan(parseJson(text));
    const comesAgain = plan.id === undefined && plan.inputs.every(({ source }) => source.kind !== 'json');
    if (comesAgain && text.length <= MOST_CHARACTERS) {
      this.#plans.set(text, plan);
      if (this.#plans.size > MOST_PLANS) {
        for (const oldest of this.#plans.keys()) {
          this.#plans.delete(oldest);
          break;
        }
      }
    }
    return plan;
  }
}

function fill(plan: RequestPlan, body: Body, runs: readonly NumberRun[]): DecodedRequest {
  const inputs = new Map<string, Tensor>();
  for (const input of plan.inputs) {
    try {
      inputs.set(input.name, valuesOf(input, body, runs));
    } catch (cause) {
      if (!(cause instanceof DataFault)) throw cause;
      throw new RequestError('BAD_INPUT', `${input.path}.${cause.path}: ${cause.problem}`, { cause });
    }
  }
  if (body.tail !== undefined && plan.tailBytes !== body.tail.byteLength) {
    throw new RequestError(
      'BAD_INPUT',
      `the body has ${body.tail.byteLength} bytes after the JSON, but the binary_data_size of the inputs make ${plan.tailBytes}`,
    );
  }
  return { plan, inputs };
}

function valuesOf(input: InputPlan, body: Body, runs: readonly NumberRun[]): Tensor {
  const { datatype, shape, source } = input;
  if (source.kind === 'json') {
    // A text of so many bytes cannot hold more elements than that.
    return tensorFromJson(datatype, shape, source.data, { limit: body.json.byteLength });
  }
  if (source.kind === 'binary') return tensorFromBytes(datatype, shape, bytesOf(source, body.tail));
  const run = runs[source.index];
  if (run === undefined) throw new DataFault('data', `got text, expected an array of ${datatype}`);
  return tensorFromRun(datatype, shape, run);
}

function bytesOf(
  { at, bytes }: { readonly at: number; readonly bytes: number },
  tail: Buffer<ArrayBuffer> | undefined,
): Buffer<ArrayBuffer> {
  if (tail === undefined) {
    throw new DataFault(
      'parameters.binary_data_size',
      `got ${bytes}, but the header Inference-Header-Content-Length, which says where binary data begins, did not come`,
    );
  }
  if (at + bytes > tail.byteLength) {
    throw new DataFault(
      'parameters.binary_data_size',
      `got ${bytes}, but only ${Math.max(0, tail.byteLength - at)} bytes are left`,
    );
  }
  return tail.subarray(at, at + bytes);
}
