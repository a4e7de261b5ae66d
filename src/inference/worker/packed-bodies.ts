/**
 * Bodies back to back in one buffer, which is transferred between the event loop and a worker: cloning an object
 * for each body would cost several times what moving their bytes does.
 *
 * At its beginning: how many there are, then three numbers for each, its length, its `jsonLength` and its `tag`.
 * The bodies follow in the same order.
 */
export interface PackedBody {
  /** Bytes from the beginning of the buffer. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of JSON at the body's beginning (`Inference-Header-Content-Length`); -1 when all of it is JSON. */
  readonly jsonLength: number;
  /** What it means is up to the message. */
  readonly tag: number;
}

const NUMBERS_EACH = 3;
/** Of a number at the beginning, and what the binary tensors of a body are aligned to. */
const STEP = 8;

export class BodyPacker {
  readonly buffer: ArrayBuffer;
  readonly #numbers: Float64Array;
  #count = 0;
  #end: number;

  /** For `count` bodies that have so many `bytes` together. */
  constructor(count: number, bytes: number) {
    const numbers = 1 + count * NUMBERS_EACH;
    this.#end = numbers * STEP;
    this.buffer = new ArrayBuffer(this.#end + bytes + count * STEP);
    this.#numbers = new Float64Array(this.buffer, 0, numbers);
    this.#numbers[0] = count;
  }

  /** Takes the next body's numbers; its bytes are to be written from the offset that is returned on. */
  place(length: number, jsonLength: number, tag = 0): number {
    const at = 1 + this.#count * NUMBERS_EACH;
    this.#count += 1;
    this.#numbers[at] = length;
    this.#numbers[at + 1] = jsonLength;
    this.#numbers[at + 2] = tag;
    const offset = aligned(this.#end, jsonLength);
    this.#end = offset + length;
    return offset;
  }
}

export function unpackBodies(buffer: ArrayBuffer): readonly PackedBody[] {
  const [count = 0] = new Float64Array(buffer, 0, 1);
  const numbers = new Float64Array(buffer, 0, 1 + count * NUMBERS_EACH);
  const bodies: PackedBody[] = [];
  let end = numbers.byteLength;
  for (let at = 1; at < numbers.length; at += NUMBERS_EACH) {
    const length = numbers[at] ?? 0;
    const jsonLength = numbers[at + 1] ?? 0;
    const offset = aligned(end, jsonLength);
    bodies.push({ offset, length, jsonLength, tag: numbers[at + 2] ?? 0 });
    end = offset + length;
  }
  return bodies;
}

/** The first offset from `end` on at which what follows the JSON is aligned: its numbers need not be copied then. */
function aligned(end: number, jsonLength: number): number {
  if (jsonLength < 0) return end;
  return Math.ceil((end + jsonLength) / STEP) * STEP - jsonLength;
}
