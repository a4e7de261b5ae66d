import { randomUUID } from 'node:crypto';
import { bytesFromTensor } from './binary-tensor';
import { jsonArray } from './json-array';
import type { Tensor } from './tensor';

export interface AnswerOutput {
  readonly name: string;
  readonly tensor: Tensor;
  /** As a binary tensor after the JSON. */
  readonly binary: boolean;
}

/** An answer before its bytes have a place. */
export interface EncodedAnswer {
  readonly json: string;
  /** Bytes of `json` as UTF-8. */
  readonly jsonBytes: number;
  /** Binary tensors in the order of the outputs; undefined when all of the answer is JSON. */
  readonly binary: readonly Uint8Array[] | undefined;
  /** Bytes of the whole. */
  readonly bytes: number;
}

/** Writes the answers of one version of a model. */
export class AnswerEncoder {
  readonly #head: string;
  readonly #names = new Map<string, string>();
  /** Ids that are made: all but the last group of a random UUID, then a count; cheaper than one UUID each. */
  readonly #idHead = randomUUID().slice(0, 24);
  #ids = 0;

  constructor(model: string, version: string) {
    this.#head = `{"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)},"id":`;
  }

  /** `id` undefined: one is made. */
  encode(id: string | undefined, outputs: readonly AnswerOutput[]): EncodedAnswer {
    let json = `${this.#head}${id === undefined ? this.#madeId() : JSON.stringify(id)},"outputs":[`;
    let binary: Uint8Array[] | undefined;
    let bytes = 0;
    for (const [i, output] of outputs.entries()) {
      const { datatype, shape } = output.tensor;
      json += `${i > 0 ? ',' : ''}{"name":${this.#quoted(output.name)},"datatype":"${datatype}","shape":[${shape.join(',')}]`;
      if (output.binary) {
        const tail = bytesFromTensor(output.tensor);
        (binary ??= []).push(tail);
        bytes += tail.byteLength;
        json += `,"parameters":{"binary_data_size":${tail.byteLength}}}`;
      } else {
        json += `,"data":${jsonArray(output.tensor)}}`;
      }
    }
    json += ']}';
    const jsonBytes = Buffer.byteLength(json, 'utf8');
    return { json, jsonBytes, binary, bytes: bytes + jsonBytes };
  }

  #madeId(): string {
    return `"${this.#idHead}${(++this.#ids).toString(16).padStart(12, '0')}"`;
  }

  #quoted(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const quoted = JSON.stringify(name);
    // Names come from the model or its handler.js: few, unless a handler makes them up.
    if (this.#names.size < 1024) this.#names.set(name, quoted);
    return quoted;
  }
}

/** Writes an answer into `bodies` from `at` on; it takes `answer.bytes`. */
export function writeAnswer(answer: EncodedAnswer, bodies: Buffer, at: number): void {
  if (answer.jsonBytes === answer.json.length) bodies.write(answer.json, at, 'latin1');
  else bodies.write(answer.json, at, 'utf8');
  let end = at + answer.jsonBytes;
  for (const tail of answer.binary ?? []) {
    bodies.set(tail, end);
    end += tail.byteLength;
  }
}
