import { RequestError } from '../../errors';
import { shown } from '../../names';
import { DATATYPES, isDatatype, type Datatype } from '../datatype';
import type { TensorSignature } from '../signature';
import { DataFault, describe, isRecord } from './data-fault';
import { requireFit } from './fit-signature';
import { runIndexOf } from './json-skeleton';
import { readShape } from './json-tensor';
import { readRequestedOutputs, readParameters, type RequestedOutput } from './requested-outputs';

/** All that a request says beside the values of its tensors, checked against what the model takes. */
export interface RequestPlan {
  /** Undefined when the request has none. */
  readonly id: string | undefined;
  /** In the model's order when its inputs are known, else as they came. */
  readonly inputs: readonly InputPlan[];
  /** Undefined: all outputs. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Outputs that were not asked for one by one go out as binary tensors. */
  readonly binaryOutputs: boolean;
  /** Bytes of all binary tensors. */
  readonly tailBytes: number;
}

export interface InputPlan {
  /** Its path in the request, `inputs[0]`, for errors. */
  readonly path: string;
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly source: ValueSource;
}

/** Where the values of a tensor are. */
export type ValueSource =
  | { readonly kind: 'json'; readonly data: unknown }
  /** Behind the JSON, from `at` on. */
  | { readonly kind: 'binary'; readonly at: number; readonly bytes: number }
  /** In a run of numbers that was taken out of the JSON. */
  | { readonly kind: 'run'; readonly index: number };

/** Plans requests to one model. */
export class RequestPlanner {
  readonly #inputs: readonly TensorSignature[] | undefined;
  readonly #outputs: readonly string[] | undefined;

  /** `inputs` undefined: any tensors are let through; `outputs` undefined: any may be asked for. */
  constructor(inputs: readonly TensorSignature[] | undefined, outputs: readonly string[] | undefined) {
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  /** @throws RequestError BAD_INPUT naming the field, what came and what was expected. */
  plan(request: unknown): RequestPlan {
    if (!isRecord(request)) throw bad('$', request, 'a JSON object');
    const id = request['id'];
    if (id !== undefined && typeof id !== 'string') throw bad('id', id, 'text');
    const parameters = readParameters(request['parameters'], 'parameters');
    const binaryOutputs = parameters.boolean('binary_data_output') ?? false;
    const values = request['inputs'];
    if (!Array.isArray(values)) throw bad('inputs', values, 'an array of tensors');
    const inputs: InputPlan[] = [];
    const names = new Set<string>();
    let tailBytes = 0;
    for (let i = 0; i < values.length; i++) {
      const input = this.#planInput(values[i], `inputs[${i}]`, tailBytes);
      if (names.has(input.name)) {
        throw new RequestError('BAD_INPUT', `${input.path}.name: got ${shown(input.name)} a second time`);
      }
      if (input.source.kind === 'binary') tailBytes += input.source.bytes;
      names.add(input.name);
      inputs.push(input);
    }
    return {
      id,
      inputs: this.#inModelOrder(inputs),
      outputs: readRequestedOutputs(request['outputs'], this.#outputs, binaryOutputs),
      binaryOutputs,
      tailBytes,
    };
  }

  #planInput(value: unknown, path: string, tailAt: number): InputPlan {
    if (!isRecord(value)) throw bad(path, value, 'a tensor: an object');
    const name = value['name'];
    if (typeof name !== 'string') throw bad(`${path}.name`, name, 'text');
    const signature = this.#signatureOf(name, path);
    const datatype = value['datatype'];
    if (typeof datatype !== 'string' || !isDatatype(datatype)) {
      throw bad(`${path}.datatype`, datatype, `one of ${DATATYPES.join(', ')}`);
    }
    try {
      const shape = readShape(value['shape']);
      if (signature !== undefined) requireFit(signature, datatype, shape);
      return { path, name, datatype, shape, source: sourceOf(value, path, tailAt) };
    } catch (cause) {
      if (!(cause instanceof DataFault)) throw cause;
      throw new RequestError('BAD_INPUT', `${path}.${cause.path}: ${cause.problem}`, { cause });
    }
  }

  #signatureOf(name: string, path: string): TensorSignature | undefined {
    if (this.#inputs === undefined) return undefined;
    for (const signature of this.#inputs) if (signature.name === name) return signature;
    throw new RequestError('BAD_INPUT', `${path}.name: got ${shown(name)}, expected ${this.#names()}`);
  }

  #inModelOrder(inputs: readonly InputPlan[]): readonly InputPlan[] {
    if (this.#inputs === undefined) return inputs;
    return this.#inputs.map(({ name }) => {
      const input = inputs.find((one) => one.name === name);
      if (input !== undefined) return input;
      throw new RequestError(
        'BAD_INPUT',
        `inputs: no tensor named ${shown(name)} came, expected ${this.#names()}`,
      );
    });
  }

  #names(): string {
    return (this.#inputs ?? []).map(({ name, datatype }) => `${shown(name)} (${datatype})`).join(', ');
  }
}

function sourceOf(input: Readonly<Record<string, unknown>>, path: string, at: number): ValueSource {
  const data = input['data'];
  const parameters = input['parameters'];
  const bytes =
    parameters === undefined
      ? undefined
      : readParameters(parameters, `${path}.parameters`).size('binary_data_size');
  if (bytes === undefined) {
    const index = runIndexOf(data);
    return index === undefined ? { kind: 'json', data } : { kind: 'run', index };
  }
  if (data === undefined) return { kind: 'binary', at, bytes };
  throw new RequestError('BAD_INPUT', `${path}: got data and binary_data_size, expected one of them`);
}

function bad(field: string, value: unknown, expected: string): RequestError {
  return new RequestError('BAD_INPUT', `${field}: got ${describe(value)}, expected ${expected}`);
}
