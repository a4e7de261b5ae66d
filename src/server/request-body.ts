import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError } from '../errors';
import { RequestBody } from '../handlers/data-plane';
import { PIECE_BYTES, type IntakeShare } from './intake';

/** What a body may take. */
export interface BodyLimits {
  /** Bytes, as sent and decompressed. */
  readonly limit: number;
  readonly share: IntakeShare;
}

/**
 * Calls `done` with the bytes of a request's body as sent, at most `limit` of them, or `failed` with
 * BODY_TOO_LARGE as soon as there are more (at once when Content-Length says so; the rest is dropped), with
 * INTAKE_FULL as soon as `share` has no room for them, or with CLIENT_GONE when the connection ends before the body
 * does. Callbacks, since a promise here would be a noticeable part of what a small request costs.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { limit, share }: BodyLimits,
  done: (body: RequestBody) => void,
  failed: (error: unknown) => void,
): void {
  // node's parser has checked that it is a number; NaN when the body is chunked or absent.
  if (Number(request.headers['content-length']) > limit) {
    failed(bodyTooLarge(limit));
    return;
  }
  if (awaitsContinue(request)) response.writeContinue();
  // Undefined once it is handed over or given up: these listeners live as long as the request.
  let pieces: Buffer[] | undefined = [];
  let length = 0;
  const giveUp = (error: unknown): void => {
    pieces = undefined;
    failed(error);
  };
  request.on('data', (chunk: Buffer) => {
    if (pieces === undefined) return;
    length += chunk.byteLength;
    try {
      if (length > limit) throw bodyTooLarge(limit);
      share.take(chunk.byteLength);
      pieces.push(chunk);
    } catch (error) {
      giveUp(error);
    }
  });
  request.on('end', () => {
    if (pieces === undefined) return;
    const body = new RequestBody(pieces, length);
    // From here on only its bytes are counted, and many small pieces take more than those.
    const small = pieces.length > 1 && pieces.length * PIECE_BYTES > length;
    pieces = undefined;
    done(small ? RequestBody.of(body.joined()) : body);
  });
  request.on('close', () => {
    // It closes after its end as well.
    if (pieces === undefined) return;
    giveUp(new RequestError('CLIENT_GONE', 'the connection ended before the body did'));
  });
}

export function bodyTooLarge(limit: number): RequestError {
  return new RequestError(
    'BODY_TOO_LARGE',
    `the body has more than the ${limit} bytes that are accepted (--body-limit), decompressed`,
  );
}

function awaitsContinue(request: IncomingMessage): boolean {
  const expected = request.headers.expect;
  return expected !== undefined && expected.toLowerCase() === '100-continue';
}
