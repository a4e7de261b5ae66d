import { get, INFER, post, RawConnection } from './raw-connection';
import { serving, type Serving } from './serving';

let s: Serving;
beforeEach(async () => {
  s = await serving();
});
afterEach(() => s[Symbol.asyncDispose]());

describe('bytes that are no request', () => {
  test.each([
    ['not HTTP', 'hello there\r\n\r\n', 400],
    ['an unknown method', 'BREW /v2 HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    [
      'two content lengths',
      'POST /v2 HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
    ],
    ['a content length that is no number', 'POST /v2 HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n', 400],
    ['a negative content length', 'POST /v2 HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n', 400],
    [
      'length and chunks',
      'POST /v2 HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a header without a colon', 'GET /v2 HTTP/1.1\r\nhost x\r\n\r\n', 400],
    ['no host', 'GET /v2 HTTP/1.1\r\n\r\n', 400],
    ['too large headers', `GET /v2 HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['a too long path', `GET /v2/models/${'y'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
    [
      'a bad chunk',
      `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnot a size\r\n`,
      400,
    ],
    [
      'too large chunk extensions',
      `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n`,
      413,
    ],
  ])('%s gets its JSON error, and the connection is closed', async (_what, bytes, status) => {
    using connection = await RawConnection.open(s.server.port);
    const answer = await connection.write(bytes).answer();
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    expect(body).toEqual({ error: expect.any(String) as string });
    if (answer.headers['connection'] === 'close') await connection.end();
    expect(s.plane.asked).toEqual([]);
  });

  test('after an answered request get an answer of their own', async () => {
    using connection = await RawConnection.open(s.server.port);
    await connection.write(post(INFER, '{}')).answer();
    const answer = await connection.write('garbage\r\n\r\n').answer(1);
    expect(answer.status).toBe(400);
    await connection.end();
    expect(connection.answers).toHaveLength(2);
  });

  test('in the rest of a body that was refused get no second answer', async () => {
    using connection = await RawConnection.open(s.server.port);
    connection.write(
      `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    expect((await connection.answer()).status).toBe(415);
    await connection.write('not a size\r\n').end();
    expect(connection.answers).toHaveLength(1);
  });

  test('a connection that is reset is no matter', async () => {
    using connection = await RawConnection.open(s.server.port);
    await connection.write(get('/v2')).answer();
    connection.socket.resetAndDestroy();
    using other = await RawConnection.open(s.server.port);
    expect((await other.write(get('/v2')).answer()).status).toBe(200);
  });
});

describe('HTTP/1.1 as other clients speak it', () => {
  test('requests sent together are answered in their order', async () => {
    s.plane.answer = async (r) => {
      // The first is the last to be done.
      for (let turns = r.body.byteLength === 2 ? 50 : 0; turns > 0; turns--) await new Promise(setImmediate);
      return {
        body: r.body.joined(),
        jsonLength: -1,
        version: '1',
        versionStamp: undefined,
        configStamp: undefined,
      };
    };
    using connection = await RawConnection.open(s.server.port);
    connection.write(post(INFER, '[]') + post(INFER, '[1]') + get('/v2/health/live'));
    await connection.answer(2);
    expect(connection.answers.map(({ body }) => body)).toEqual(['[]', '[1]', '{"live":true}']);
  });

  test('HTTP/1.0 without a host is answered, and closed', async () => {
    using connection = await RawConnection.open(s.server.port);
    const answer = await connection.write('GET /v2/health/live HTTP/1.0\r\n\r\n').answer();
    expect(answer.body).toBe('{"live":true}');
    await connection.end();
  });

  test('the path may be a whole URL', async () => {
    using connection = await RawConnection.open(s.server.port);
    const answer = await connection.write(get('http://proxy.example/v2/health/live')).answer();
    expect(answer.body).toBe('{"live":true}');
  });

  test('a client that ends its side after the request is answered', async () => {
    using connection = await RawConnection.open(s.server.port, { allowHalfOpen: true });
    connection.socket.end(post(INFER, '{}'));
    expect((await connection.answer()).status).toBe(200);
    await connection.end();
  });

  test('an expectation that nobody knows is ignored', async () => {
    using connection = await RawConnection.open(s.server.port);
    const answer = await connection.write(post(INFER, '{}', 'expect: miracles\r\n')).answer();
    expect(answer).toMatchObject({ status: 200, body: '{}' });
  });

  test('who asks whether to go on is told to, when the body is wanted', async () => {
    using connection = await RawConnection.open(s.server.port);
    connection.write(
      `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n`,
    );
    expect((await connection.answer()).status).toBe(100);
    expect(await connection.write('{}').answer(1)).toMatchObject({ status: 200, body: '{}' });
  });

  test.each([
    ['its size', `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n`, 413],
    ['its type', `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-type: text/xml\r\n`, 415],
    ['its path', 'POST /v2/nope HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n', 404],
  ])('who asks whether to go on is refused for %s before sending', async (_what, head, status) => {
    using connection = await RawConnection.open(s.server.port);
    const answer = await connection.write(`${head}expect: 100-continue\r\n\r\n`).answer();
    expect(answer.status).toBe(status);
    // Whether the body follows is the client's choice, so the connection cannot be used again.
    expect(answer.headers['connection']).toBe('close');
    await connection.end();
  });
});
