import { RequestError, type RequestErrorCode } from '../../src/errors';
import { errorBody, httpError, malformedRequestError } from '../../src/server/http-errors';

describe('the status of an error', () => {
  const statuses: Record<RequestErrorCode, number> = {
    BAD_INPUT: 400,
    UNKNOWN_MODEL: 404,
    UNKNOWN_VERSION: 404,
    UNKNOWN_ROUTE: 404,
    METHOD_NOT_ALLOWED: 405,
    BODY_TOO_LARGE: 413,
    UNSUPPORTED_MEDIA_TYPE: 415,
    QUEUE_FULL: 429,
    INTAKE_FULL: 503,
    CLIENT_GONE: 499,
    INTERNAL: 500,
    NOT_READY: 503,
    STALLED: 503,
    DEADLINE_EXCEEDED: 504,
  };

  test.each(Object.entries(statuses))('%s is %d, with its own message', (code, status) => {
    const error = httpError(new RequestError(code as RequestErrorCode, 'what was wrong'));
    expect(error).toMatchObject({ status, message: 'what was wrong' });
  });

  test.each<RequestErrorCode>(['QUEUE_FULL', 'INTAKE_FULL', 'STALLED'])(
    '%s says when to come back',
    (code) => {
      expect(httpError(new RequestError(code, 'full')).headers).toEqual({ 'retry-after': '1' });
    },
  );

  test('only a fault has a stack to look for', () => {
    expect(new RequestError('QUEUE_FULL', 'full').stack).not.toContain('\n');
    expect(new RequestError('INTERNAL', 'fault').stack).toContain('http-errors.test');
  });

  test.each([new Error('secret'), 'secret', undefined, { statusCode: 400, message: 'secret' }])(
    'what is not the project’s is 500 and tells nothing: %p',
    (thrown) => {
      const error = httpError(thrown);
      expect(error.status).toBe(500);
      expect(error.message).not.toContain('secret');
    },
  );

  test('the body is one key', () => {
    const body = errorBody(httpError(new RequestError('BAD_INPUT', 'say "x"')));
    expect(body).toBe('{"error":"say \\"x\\""}');
  });
});

describe('what never became a request', () => {
  test.each([
    ['ERR_HTTP_REQUEST_TIMEOUT', 408],
    ['HPE_HEADER_OVERFLOW', 431],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
    ['HPE_INVALID_METHOD', 400],
  ])('%s is %d', (code, status) => {
    expect(malformedRequestError(code, 'why')?.status).toBe(status);
  });

  test.each(['ECONNRESET', 'EPIPE', undefined])('%s is past answering', (code) => {
    expect(malformedRequestError(code, 'why')).toBeUndefined();
  });
});
