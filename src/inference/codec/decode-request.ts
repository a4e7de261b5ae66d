import { RequestError } from '../../errors';
import { shown } from '../../names';
import { DATATYPES, isDatatype, type Datatype } from '../datatype';
import type { TensorSignature } from '../signature';
import { tensorFromBytes } from './binary-tensor';
import { DataFault, describe, isRecord } from './data-fault';
import { requireFit } from './fit-signature';
import { skeletonOf, type NumberRuns } from './json-skeleton';
import { readShape, tensorFromJson, tensorFromRun } from './json-tensor';
import { parseJson, parseLossless, textOf } from './json-text';
import { readRequestedOutputs, readParameters, type RequestedOutput } from './requested-outputs';
import type { Tensor } from './tensor';

/** A request as it came, checked against what the model takes. */
export interface DecodedRequest {
  /** Undefined when the request has none. */
  readonly id: string | undefined;
  /** By name: in the model's order when its inputs were given to the decoder, else as they came. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Undefined: all outputs. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Outputs that were not asked for one by one go out as binary tensors. */
  readonly binaryOutputs: boolean;
}

interface Body {
  /** Bytes of JSON: no tensor written in them has more elements. */
  readonly jsonBytes: number;
  /** What follows the JSON, undefined when all of the body is JSON. */
  readonly tail: Buffer<ArrayBuffer> | undefined;
  readonly document: unknown;
  /** Arrays of numbers that the document has marks for. */
  readonly runs?: NumberRuns;
}

/** Reads inference requests of the Open Inference Protocol, JSON with or without binary tensors. */
export class RequestDecoder {
  readonly #inputs: readonly TensorSignature[] | undefined;
  readonly #outputs: readonly string[] | undefined;

  /**
   * `inputs` undefined: any tensors are let through, since code takes them before the model does; `outputs`
   * undefined: any may be asked for, since code makes them.
   */
  constructor(inputs: readonly TensorSignature[] | undefined, outputs: readonly string[] | undefined) {
    this.#inputs = inputs;
    this.#outputs = outputs;
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
    const json = jsonLength < 0 ? body : body.subarray(0, jsonLength);
    const tail = jsonLength < 0 ? undefined : body.subarray(jsonLength);
    return this.#readRuns(json, tail) ?? this.#readText(json, tail);
  }

  /** The request, when its numbers can be read without `JSON.parse`; undefined for all others, the bad ones too. */
  #readRuns(json: Buffer, tail: Body['tail']): DecodedRequest | undefined {
    try {
      const skeleton = skeletonOf(json);
      if (skeleton === undefined) return undefined;
      const { text, runs } = skeleton;
      const request = this.#read({ jsonBytes: json.byteLength, tail, document: parseJson(text), runs });
      // A run that is no input's data has not been looked at: it may be no JSON.
      return runs.left === 0 ? request : undefined;
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  }

  #readText(json: Buffer, tail: Body['tail']): DecodedRequest {
    const text = textOf(json);
    const jsonBytes = json.byteLength;
    try {
      return this.#read({ jsonBytes, tail, document: parseJson(text) });
    } catch (error) {
      if (!(error instanceof RequestError && error.cause instanceof DataFault && error.cause.lossy))
        throw error;
    }
    return this.#read({ jsonBytes, tail, document: parseLossless(text) });
  }

  #read(body: Body): DecodedRequest {
    const request = body.document;
    if (!isRecord(request)) throw bad('$', request, 'a JSON object');
    const id = request['id'];
    if (id !== undefined && typeof id !== 'string') throw bad('id', id, 'text');
    const parameters = readParameters(request['parameters'], 'parameters');
    const binaryOutputs = parameters.boolean('binary_data_output') ?? false;
    return {
      id,
      inputs: this.#readInputs(request['inputs'], body),
      outputs: readRequestedOutputs(request['outputs'], this.#outputs, binaryOutputs),
      binaryOutputs,
    };
  }

  #readInputs(values: unknown, body: Body): ReadonlyMap<string, Tensor> {
    if (!Array.isArray(values)) throw bad('inputs', values, 'an array of tensors');
    const inputs = new Map<string, Tensor>();
    let tailAt = 0;
    for (let i = 0; i < values.length; i++) {
      const value: unknown = values[i];
      if (!isRecord(value)) throw bad(`inputs[${i}]`, value, 'a tensor: an object');
      const name = value['name'];
      if (typeof name !== 'string') throw bad(`inputs[${i}].name`, name, 'text');
      if (inputs.has(name)) {
        throw new RequestError('BAD_INPUT', `inputs[${i}].name: got ${shown(name)} a second time`);
      }
      const signature = this.#signatureOf(name, i);
      const datatype = readDatatype(value['datatype'], i);
      try {
        const shape = readShape(value['shape']);
        if (signature !== undefined) requireFit(signature, datatype, shape);
        const size = binarySize(value, i);
        if (size === undefined) {
          inputs.set(name, tensorFrom(value['data'], datatype, shape, body));
        } else {
          inputs.set(name, tensorFromBytes(datatype, shape, slice(body.tail, tailAt, size, i)));
          tailAt += size;
        }
      } catch (cause) {
        if (!(cause instanceof DataFault)) throw cause;
        throw new RequestError('BAD_INPUT', `inputs[${i}].${cause.path}: ${cause.problem}`, { cause });
      }
    }
    if (body.tail !== undefined && tailAt !== body.tail.byteLength) {
      throw new RequestError(
        'BAD_INPUT',
        `the body has ${body.tail.byteLength} bytes after the JSON, but the binary_data_size of the inputs make ${tailAt}`,
      );
    }
    return this.#inModelOrder(inputs);
  }

  #signatureOf(name: string, index: number): TensorSignature | undefined {
    if (this.#inputs === undefined) return undefined;
    for (const signature of this.#inputs) if (signature.name === name) return signature;
    throw new RequestError(
      'BAD_INPUT',
      `inputs[${index}].name: got ${shown(name)}, expected ${this.#names()}`,
    );
  }

  #inModelOrder(inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
    if (this.#inputs === undefined || this.#inputs.length < 2) {
      if (this.#inputs?.length === 1 && inputs.size === 0) throw this.#missing(this.#inputs[0]?.name ?? '');
      return inputs;
    }
    const ordered = new Map<string, Tensor>();
    for (const { name } of this.#inputs) {
      const tensor = inputs.get(name);
      if (tensor === undefined) throw this.#missing(name);
      ordered.set(name, tensor);
    }
    return ordered;
  }

  #missing(name: string): RequestError {
    return new RequestError(
      'BAD_INPUT',
      `inputs: no tensor named ${shown(name)} came, expected ${this.#names()}`,
    );
  }

  #names(): string {
    return (this.#inputs ?? []).map(({ name, datatype }) => `${shown(name)} (${datatype})`).join(', ');
  }
}

function tensorFrom(data: unknown, datatype: Datatype, shape: readonly number[], body: Body): Tensor {
  const run = body.runs?.take(data);
  return run === undefined
    ? tensorFromJson(datatype, shape, data, { limit: body.jsonBytes })
    : tensorFromRun(datatype, shape, run);
}

function readDatatype(value: unknown, index: number): Datatype {
  if (typeof value === 'string' && isDatatype(value)) return value;
  throw bad(`inputs[${index}].datatype`, value, `one of ${DATATYPES.join(', ')}`);
}

/** `binary_data_size` of an input, undefined when its data is in the JSON. */
function binarySize(input: Readonly<Record<string, unknown>>, index: number): number | undefined {
  if (input['parameters'] === undefined) return undefined;
  const size = readParameters(input['parameters'], `inputs[${index}].parameters`).size('binary_data_size');
  if (size !== undefined && input['data'] !== undefined) {
    throw new RequestError(
      'BAD_INPUT',
      `inputs[${index}]: got data and binary_data_size, expected one of them`,
    );
  }
  return size;
}

function slice(
  tail: Buffer<ArrayBuffer> | undefined,
  at: number,
  size: number,
  index: number,
): Buffer<ArrayBuffer> {
  const field = `inputs[${index}].parameters.binary_data_size`;
  if (tail === undefined) {
    throw new RequestError(
      'BAD_INPUT',
      `${field}: got ${size}, but the header Inference-Header-Content-Length, which says where binary data begins, did not come`,
    );
  }
  if (at + size > tail.byteLength) {
    throw new RequestError(
      'BAD_INPUT',
      `${field}: got ${size}, but only ${tail.byteLength - at} bytes are left`,
    );
  }
  return tail.subarray(at, at + size);
}

function bad(field: string, value: unknown, expected: string): RequestError {
  return new RequestError('BAD_INPUT', `${field}: got ${describe(value)}, expected ${expected}`);
}
