import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError } from '../errors';

/**
 * The bytes of a request's body as sent, at most `limit` of them. Rejects with BODY_TOO_LARGE as soon as there
 * are more (at once when Content-Length says so), leaving the rest unread, and with CLIENT_GONE when the
 * connection ends before the body does.
 */
export function readBody(request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // node's parser has checked that it is a number; NaN when the body is chunked or absent.
    if (Number(request.headers['content-length']) > limit) {
      reject(bodyTooLarge(limit));
      return;
    }
    if (awaitsContinue(request)) response.writeContinue();
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.byteLength;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData);
      chunks.length = 0;
      reject(bodyTooLarge(limit));
    };
    request.on('data', onData);
    request.on('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length));
    });
    request.on('close', () => {
      // It closes after its end as well; an error made for nothing would cost as much as the rest of all this.
      if (!request.readableEnded)
        reject(new RequestError('CLIENT_GONE', 'the connection ended before the body did'));
    });
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
