import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { errorMessage, RequestError } from '../errors';
import { shown } from '../names';
import { RequestBody } from '../handlers/data-plane';
import { bodyTooLarge, type BodyLimits } from './request-body';

/** A coding of RFC 9110 that is understood in both directions. */
export type Coding = 'gzip' | 'deflate';

const gzip = promisify(zlib.gzip);
const deflate = promisify(zlib.deflate);

/** An answer below this many bytes fits a packet or so: compressing it costs more than it saves. */
const WORTH_COMPRESSING = 1024;

const CHUNK_BYTES = 65_536;
const DECODER: Readonly<Record<Coding, (options: zlib.ZlibOptions) => Duplex>> = {
  gzip: zlib.createGunzip,
  // RFC 9110 means the zlib format by it.
  deflate: zlib.createInflate,
};

/**
 * How a body with this Content-Encoding is coded, undefined when it is not; `x-gzip` is gzip (RFC 9110, 8.4).
 * @throws RequestError UNSUPPORTED_MEDIA_TYPE
 */
export function contentCoding(header: string | undefined): Coding | undefined {
  if (header === undefined) return undefined;
  const coding = header.trim().toLowerCase();
  if (coding === '' || coding === 'identity') return undefined;
  if (coding === 'gzip' || coding === 'x-gzip') return 'gzip';
  if (coding === 'deflate') return 'deflate';
  throw new RequestError(
    'UNSUPPORTED_MEDIA_TYPE',
    `content-encoding ${shown(header)} is not understood; use gzip, deflate or none`,
  );
}

/**
 * `body` decompressed, off the event loop. Rejects with BODY_TOO_LARGE as soon as it has made more than `limit`
 * bytes, with INTAKE_FULL as soon as `share` has no room for them, with CLIENT_GONE once `gone` is aborted, with
 * BAD_INPUT when the data is not so coded or is cut short; nothing of it is kept then.
 */
export async function decodeBody(
  body: RequestBody,
  coding: Coding,
  { limit, share }: BodyLimits,
  gone: AbortSignal,
): Promise<RequestBody> {
  const decoder = DECODER[coding]({ chunkSize: CHUNK_BYTES });
  const onGone = (): void => {
    decoder.destroy(new RequestError('CLIENT_GONE', 'the client went away before the body was decompressed'));
  };
  gone.addEventListener('abort', onGone);
  if (gone.aborted) onGone();
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for (const piece of body.pieces) decoder.write(piece);
    decoder.end();
    const decoded: AsyncIterable<Buffer> = decoder;
    for await (const piece of decoded) {
      length += piece.byteLength;
      if (length > limit) throw bodyTooLarge(limit);
      share.take(piece.byteLength);
      pieces.push(piece);
    }
    return new RequestBody(pieces, length);
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError('BAD_INPUT', `the body is not valid ${coding}: ${errorMessage(cause)}`, { cause });
  } finally {
    gone.removeEventListener('abort', onGone);
  }
}

/** An answer's body as it goes on the wire, and the Content-Encoding to go with it. */
export interface CodedBody {
  readonly body: Buffer;
  readonly coding: Coding | undefined;
}

/** `body` compressed, off the event loop, if the client asked for that and there is enough of it. */
export async function encodeBody(body: Buffer, acceptEncoding: string): Promise<CodedBody> {
  const coding = body.byteLength < WORTH_COMPRESSING ? undefined : wantedCoding(acceptEncoding);
  if (coding === undefined) return { body, coding };
  const encode = coding === 'gzip' ? gzip : deflate;
  return { body: await encode(body, { level: zlib.constants.Z_BEST_SPEED }), coding };
}

/** The one of gzip and deflate that Accept-Encoding weighs highest, the first named if equal. */
export function wantedCoding(acceptEncoding: string): Coding | undefined {
  let best: Coding | undefined;
  let bestWeight = 0;
  for (const item of acceptEncoding.toLowerCase().split(',')) {
    const [name, ...parameters] = item.split(';').map((part) => part.trim());
    if (name !== 'gzip' && name !== 'deflate') continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const value = weight === undefined ? 1 : Number(weight);
    if (value > bestWeight) {
      best = name;
      bestWeight = value;
    }
  }
  return best;
}
