import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError } from '../errors';
import { RequestBody } from '../handlers/data-plane';

/**
 * Calls `done` with the bytes of a request's body as sent, at most `limit` of them, or `failed` with
 * BODY_TOO_LARGE as soon as there are more (at once when Content-Length says so; the rest is dropped), or with
 * CLIENT_GONE when the connection ends before the body does. Callbacks, since a promise here would be a
 * noticeable part of what a small request costs.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
  done: (body: RequestBody) => void,
  failed: (error: RequestError) => void,
): void {
  // node's parser has checked that it is a number; NaN when the body is chunked or absent.
  if (Number(request.headers['content-length']) > limit) {
    failed(bodyTooLarge(limit));
    return;
  }
  if (awaitsContinue(request)) response.writeContinue();
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    if (length > limit) return;
    length += chunk.byteLength;
    if (length <= limit) {
      chunks.push(chunk);
      return;
    }
    chunks.length = 0;
    failed(bodyTooLarge(limit));
  });
  request.on('end', () => {
    if (length > limit) return;
    done(new RequestBody(chunks, length));
  });
  request.on('close', () => {
    // It closes after its end as well.
    if (request.readableEnded || length > limit) return;
    failed(new RequestError('CLIENT_GONE', 'the connection ended before the body did'));
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
