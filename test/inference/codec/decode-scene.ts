import { RequestError } from '../../../src/errors';
import { RequestDecoder, type DecodedRequest } from '../../../src/inference/codec/decode-request';
import type { Datatype } from '../../../src/inference/datatype';
import type { TensorSignature } from '../../../src/inference/signature';

export const input = (name: string, datatype: Datatype, shape: readonly number[]): TensorSignature => ({
  name,
  datatype,
  shape,
});

export const X = input('x', 'FP32', [-1, 2]);
export const Y = input('y', 'INT64', [-1]);

export function bodyOf(
  request: unknown,
  tail?: Uint8Array,
): { body: Buffer<ArrayBuffer>; jsonLength: number } {
  const json = Buffer.from(typeof request === 'string' ? request : JSON.stringify(request));
  return tail === undefined
    ? { body: Buffer.from(json), jsonLength: -1 }
    : { body: Buffer.concat([json, tail]), jsonLength: json.length };
}

export function decode(
  request: unknown,
  { inputs, tail }: { inputs?: readonly TensorSignature[] | undefined; tail?: Uint8Array } = { inputs: [X] },
): DecodedRequest {
  const { body, jsonLength } = bodyOf(request, tail);
  return new RequestDecoder(inputs, ['p', 'q']).decode(body, jsonLength);
}

export function refusal(
  request: unknown,
  inputs: readonly TensorSignature[] = [X],
  tail?: Uint8Array,
): string {
  try {
    decode(request, { inputs, ...(tail && { tail }) });
  } catch (error) {
    if (error instanceof RequestError && error.code === 'BAD_INPUT') return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

export const x = (data: unknown, shape: unknown = [1, 2]): object => ({
  inputs: [{ name: 'x', shape, datatype: 'FP32', data }],
});

export const data = (request: unknown, inputs: readonly TensorSignature[]): unknown[] =>
  Array.from([...decode(request, { inputs }).inputs.values()][0]!.data as ArrayLike<unknown>);
