/**
 * The bytes of a request in the pieces that they came in: joining large ones would copy them once more, and keep the
 * garbage collector busy with what was joined.
 */
export class RequestBody {
  /** `byteLength` of all `pieces`. */
  constructor(
    readonly pieces: readonly Uint8Array[],
    readonly byteLength: number,
  ) {}

  static of(bytes: Uint8Array): RequestBody {
    return new RequestBody([bytes], bytes.byteLength);
  }

  /** Writes all of it into `target` from `at` on. */
  copyTo(target: Uint8Array, at: number): void {
    for (const piece of this.pieces) {
      target.set(piece, at);
      at += piece.byteLength;
    }
  }

  /** All of it as one; a copy unless it came in one piece. */
  joined(): Buffer {
    const [first] = this.pieces;
    return this.pieces.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(this.pieces);
  }
}
