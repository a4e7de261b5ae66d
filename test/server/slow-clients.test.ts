import { RequestBody } from '../../src/handlers/data-plane';
import type { InferenceAnswer } from '../../src/inference/inference-request';
import { eventually } from '../support/eventually';
import { echo } from './fake-plane';
import { get, INFER, post, RawConnection } from './raw-connection';
import { BODY_LIMIT, metricsOf, serving, type Serving } from './serving';

describe('a request that does not come whole', () => {
  test.each([
    ['no byte at all', ''],
    ['half a header', 'GET /v2 HTTP/1.1\r\nhost: x\r\nx-slo'],
  ])('%s is cut with 408', async (_what, bytes) => {
    await using s = await serving({ limits: { headersTimeoutMs: 50, checkIntervalMs: 10 } });
    using connection = await RawConnection.open(s.server.port);
    if (bytes !== '') connection.write(bytes);
    const answer = await connection.answer();
    expect(answer.status).toBe(408);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining('in time') as string });
    await connection.end();
  });

  test('headers that trickle are cut as well', async () => {
    await using s = await serving({ limits: { headersTimeoutMs: 100, checkIntervalMs: 10 } });
    using connection = await RawConnection.open(s.server.port);
    connection.write('GET /v2 HTTP/1.1\r\nhost: x\r\n');
    await eventually(() => {
      connection.write('x: y\r\n');
      return connection.closed || connection.ended;
    });
    expect(connection.answers).toMatchObject([{ status: 408 }]);
  });

  test.each([
    ['of a length', 'content-length: 10'],
    ['of chunks', 'transfer-encoding: chunked'],
  ])('a body %s that never ends is cut with 408', async (_what, header) => {
    await using s = await serving({
      limits: { headersTimeoutMs: 500, requestTimeoutMs: 1000, checkIntervalMs: 10 },
    });
    using connection = await RawConnection.open(s.server.port);
    connection.write(`POST ${INFER} HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n1\r\n`);
    expect((await connection.answer()).status).toBe(408);
    await connection.end();
    expect(s.plane.asked).toEqual([]);
    expect(connection.answers).toHaveLength(1);
    expect(await metricsOf(s)).toContain('status="499"} 1');
  });

  test('a body over the limit is read on for a while and dropped, so that the client sees why', async () => {
    await using s = await serving({ limits: { lingerMs: 100 } });
    using connection = await RawConnection.open(s.server.port);
    connection.write(`POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    await eventually(() => {
      connection.write(chunk);
      return connection.closed;
    });
    expect(connection.answers).toMatchObject([{ status: 413 }]);
  });

  test('a body over the limit that ends leaves the connection as good as new', async () => {
    await using s = await serving();
    using connection = await RawConnection.open(s.server.port);
    connection.write(post(INFER, 'x'.repeat(3 * BODY_LIMIT)) + get('/v2/health/live'));
    expect((await connection.answer(0)).status).toBe(413);
    expect((await connection.answer(1)).status).toBe(200);
  });
});

test('the time of a request whose body comes slowly counts from when it is whole', async () => {
  await using s = await serving();
  using connection = await RawConnection.open(s.server.port);
  connection.write(`POST ${INFER} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n{`);
  expect(await connection.answer()).toMatchObject({ status: 100 });
  const before = performance.now();
  connection.write('}');
  expect(await connection.answer(1)).toMatchObject({ status: 200 });
  expect(s.plane.asked[0]?.request.arrivedAt).toBeGreaterThan(before);
});

describe('a client that does not read', () => {
  const LARGE = Buffer.alloc(20_000_000);
  const large = (): InferenceAnswer => ({
    ...echo({ body: RequestBody.of(LARGE), jsonLength: -1, arrivedAt: 0 }),
    body: LARGE,
  });

  /** A connection on which a large answer is under way, of which nothing is read. */
  async function unread(s: Serving): Promise<RawConnection> {
    s.plane.answer = large;
    const connection = await RawConnection.open(s.server.port);
    connection.socket.pause();
    connection.write(post(INFER, '{}'));
    await eventually(() => s.plane.asked.length === 1);
    return connection;
  }

  test('is cut once its answer has stalled', async () => {
    await using s = await serving({ limits: { stalledAnswerMs: 50 } });
    s.plane.answer = large;
    using connection = await RawConnection.open(s.server.port);
    connection.socket.pause();
    connection.write(post(INFER, '{}'));
    // The server's cut shows on this side only when it is read up to there.
    await eventually(() => s.plane.asked[0]?.request.signal?.aborted === true);
    connection.socket.resume();
    await eventually(() => connection.closed);
    expect(connection.received.length).toBeLessThan(LARGE.byteLength);
  });

  test('is cut as well when it goes on sending, and holds up no end of the server', async () => {
    await using s = await serving({
      limits: { stalledAnswerMs: 300, headersTimeoutMs: 200, checkIntervalMs: 10 },
    });
    using connection = await unread(s);
    connection.write('GET /v2 HTTP/1.1\r\nhost: x\r\n');
    const gone = s.plane.asked[0]?.request.signal;
    await eventually(() => {
      if (gone?.aborted !== true) connection.write('x: y\r\n');
      return gone?.aborted === true;
    });
    await s.server.drain();
  });

  test('of the refusal of what is no request is cut as well', async () => {
    await using s = await serving({ limits: { stalledAnswerMs: 100 } });
    using connection = await unread(s);
    connection.write('no HTTP\r\n\r\n');
    await eventually(() => s.plane.asked[0]?.request.signal?.aborted === true);
    connection.socket.resume();
    await eventually(() => connection.closed);
    expect(connection.received.length).toBeLessThan(LARGE.byteLength);
  });

  test('is told of what is no request after its answer, and not in the middle of it', async () => {
    await using s = await serving();
    using connection = await unread(s);
    connection.write('no HTTP\r\n\r\n');
    connection.socket.resume();
    expect(await connection.answer(1)).toMatchObject({ status: 400 });
    expect(connection.answers[0]?.body).toHaveLength(LARGE.byteLength);
  });

  test('but reads slowly gets all of it', async () => {
    await using s = await serving({ limits: { stalledAnswerMs: 200 } });
    s.plane.answer = large;
    using connection = await RawConnection.open(s.server.port);
    const { socket } = connection;
    const began = performance.now();
    // Slow enough to take longer than a stall may, with never a stall.
    socket.on('data', () => {
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.write(post(INFER, '{}'));
    await eventually(() => connection.received.length > LARGE.byteLength);
    expect(performance.now() - began).toBeGreaterThan(200);
    expect(socket.destroyed).toBe(false);
  });

  test('is not asked for when it sends one request after the other', async () => {
    await using s = await serving({ limits: { stalledAnswerMs: 200 } });
    s.plane.answer = (r) => ({ ...echo(r), body: Buffer.alloc(100_000) });
    using connection = await RawConnection.open(s.server.port);
    connection.socket.pause();
    const many = post(INFER, '{}').repeat(1000);
    for (let round = 0; round < 20; round++) connection.write(many);
    await eventually(() => s.plane.asked[0]?.request.signal?.aborted === true);
    // The server stops taking requests in from a client that takes no answers.
    expect(s.plane.asked.length).toBeLessThan(2000);
  });
});

describe('a client that goes away', () => {
  test.each(['end', 'resetAndDestroy'] as const)('by %s aborts the signal of its request', async (how) => {
    await using s = await serving();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    s.plane.answer = async (r) => {
      await released;
      return echo(r);
    };
    using gone = await RawConnection.open(s.server.port);
    using stays = await RawConnection.open(s.server.port);
    gone.write(post(INFER, '"gone"'));
    stays.write(post(INFER, '"stays"'));
    await eventually(() => s.plane.asked.length === 2);
    gone.socket[how]();
    const signalOf = (body: string) =>
      s.plane.asked.find(({ request }) => request.body.joined().toString() === body)!.request.signal!;
    await eventually(() => signalOf('"gone"').aborted);
    expect(signalOf('"stays"').aborted).toBe(false);
    release();
    expect((await stays.answer()).body).toBe('"stays"');
  });

  test('in the middle of its body is never asked about', async () => {
    await using s = await serving();
    using connection = await RawConnection.open(s.server.port);
    connection.write(`POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{`);
    connection.socket.end();
    await eventually(async () => (await metricsOf(s)).includes('status="499"} 1'));
    expect(s.plane.asked).toEqual([]);
  });

  test('has one signal for all requests of its connection', async () => {
    await using s = await serving();
    using connection = await RawConnection.open(s.server.port);
    connection.write(post(INFER, '{}'));
    await connection.answer();
    connection.socket.end(post(INFER, '{}'));
    await eventually(() => s.plane.asked.length === 2);
    expect(s.plane.asked[0]!.request.signal).toBe(s.plane.asked[1]!.request.signal);
    await eventually(() => s.plane.asked[1]!.request.signal!.aborted);
  });
});
