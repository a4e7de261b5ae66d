import { RequestError } from '../errors';

/** As much of each body is free: so many bytes of it a connection may hold anyway, and small requests always get in. */
const FREE_BYTES = 65_536;

/** What a piece of a body takes beside its bytes: a Buffer and its place in the heap, estimated, and rounded up. */
export const PIECE_BYTES = 512;

/**
 * The memory of all bodies that are being received or decompressed, whichever model they are for. Bytes are taken as
 * they arrive and not when a Content-Length announces them, or a few clients that announce much and send nothing
 * would keep everybody out.
 */
export class Intake {
  #bytes = 0;

  constructor(readonly limit: number) {}

  /** Taken now; never more than `limit`. */
  get bytes(): number {
    return this.#bytes;
  }

  open(): IntakeShare {
    return new IntakeShare(this);
  }

  /** @throws RequestError INTAKE_FULL */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.limit) {
      throw new RequestError(
        'INTAKE_FULL',
        `bodies of ${this.#bytes} bytes are being received or decompressed: ${bytes} more do not fit into ${this.limit}`,
      );
    }
    this.#bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** What one request has taken of the intake, until it is released. */
export class IntakeShare {
  readonly #intake: Intake;
  #bytes = -FREE_BYTES;

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  /** A piece of a body of so many bytes is kept. @throws RequestError INTAKE_FULL: it may not be. */
  take(bytes: number): void {
    const before = Math.max(0, this.#bytes);
    const after = this.#bytes + bytes + PIECE_BYTES;
    if (after > before) this.#intake.take(after - before);
    this.#bytes = after;
  }

  /** Gives all of it back; safe to call again. */
  release(): void {
    if (this.#bytes > 0) this.#intake.giveBack(this.#bytes);
    this.#bytes = -FREE_BYTES;
  }
}
