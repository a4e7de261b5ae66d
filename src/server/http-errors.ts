import { RequestError, type RequestErrorCode } from '../errors';

/** An error as HTTP says it: the body is `{"error": message}`, its content type exactly `application/json`. */
export interface HttpError {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

const NO_HEADERS: HttpError['headers'] = {};

/** The one place where an error of the project becomes a status. */
const ANSWERS: Readonly<Record<RequestErrorCode, Pick<HttpError, 'status' | 'headers'>>> = {
  BAD_INPUT: { status: 400, headers: NO_HEADERS },
  UNKNOWN_MODEL: { status: 404, headers: NO_HEADERS },
  UNKNOWN_VERSION: { status: 404, headers: NO_HEADERS },
  UNKNOWN_ROUTE: { status: 404, headers: NO_HEADERS },
  METHOD_NOT_ALLOWED: { status: 405, headers: NO_HEADERS },
  BODY_TOO_LARGE: { status: 413, headers: NO_HEADERS },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    headers: {
      'accept-post': 'application/json, application/octet-stream',
      'accept-encoding': 'gzip, deflate, identity',
    },
  },
  // Another replica has a memory of its own.
  INTAKE_FULL: { status: 503, headers: { 'retry-after': '1' } },
  QUEUE_FULL: { status: 429, headers: { 'retry-after': '1' } },
  // Nobody reads it; the number is nginx's, for the metrics.
  CLIENT_GONE: { status: 499, headers: NO_HEADERS },
  INTERNAL: { status: 500, headers: NO_HEADERS },
  NOT_READY: { status: 503, headers: NO_HEADERS },
  STALLED: { status: 503, headers: { 'retry-after': '1' } },
  DEADLINE_EXCEEDED: { status: 504, headers: NO_HEADERS },
};

/**
 * What to answer to `thrown`. Of an error that is not the project's nothing is told (500): its text was not written
 * for strangers, so the caller logs it.
 */
export function httpError(thrown: unknown): HttpError {
  if (thrown instanceof RequestError) {
    const { status, headers } = ANSWERS[thrown.code];
    return { status, headers, message: thrown.message };
  }
  return { status: 500, message: 'internal error; the log of the replica has more', headers: NO_HEADERS };
}

/** The body of an error's answer. */
export function errorBody(error: HttpError): string {
  return JSON.stringify({ error: error.message });
}

/**
 * What to answer to bytes that never became a request, by the `code` of node's `clientError`; undefined when
 * the connection is past answering.
 */
export function malformedRequestError(code: string | undefined, reason: string): HttpError | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return {
      status: 408,
      message: 'the request did not arrive whole in time',
      headers: NO_HEADERS,
    };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { status: 431, message: 'the request line and headers are too large', headers: NO_HEADERS };
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return { status: 413, message: 'the chunk extensions are too large', headers: NO_HEADERS };
  }
  if (code?.startsWith('HPE_') !== true) return undefined;
  return { status: 400, message: `not a valid HTTP/1.1 request: ${reason}`, headers: NO_HEADERS };
}
