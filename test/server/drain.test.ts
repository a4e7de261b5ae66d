import { Agent, request } from 'undici';
import type { InferenceRequest } from '../../src/inference/inference-request';
import { eventually } from '../support/eventually';
import { echo, type FakePlane } from './fake-plane';
import { get, INFER, post, RawConnection } from './raw-connection';
import { serving } from './serving';

/** Makes the plane hold its answers back until they are released. */
function held(plane: FakePlane): { release: () => void } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  plane.answer = async (asked: InferenceRequest) => {
    await released;
    return echo(asked);
  };
  return { release };
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('draining', () => {
  test('with nobody there is over at once', async () => {
    const s = await serving();
    await s.server.drain();
    await expect(request(s.server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('answers what is in flight, says that the connection closes, and waits for it', async () => {
    const s = await serving({ limits: { idleGraceMs: 20 } });
    const { release } = held(s.plane);
    using connection = await RawConnection.open(s.server.port);
    connection.write(post(INFER, '{}'));
    await eventually(() => s.plane.asked.length === 1);
    using idle = await RawConnection.open(s.server.port);

    const drained = s.server.drain();
    await expect(request(s.server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await idle.end();
    expect(await settled(drained)).toBe(false);
    expect(s.plane.asked[0]!.request.signal?.aborted).toBe(false);
    release();
    expect(await connection.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await connection.end();
    await drained;
  });

  test('is not ready, but live, for those still connected', async () => {
    const s = await serving({ limits: { idleGraceMs: 10_000 } });
    using one = await RawConnection.open(s.server.port);
    using two = await RawConnection.open(s.server.port);
    await one.write(get('/v2/health/ready')).answer();
    const drained = s.server.drain();
    expect(await one.write(get('/v2/health/ready')).answer(1)).toMatchObject({
      status: 503,
      headers: { connection: 'close' },
      body: '{"live":true,"ready":false}',
    });
    expect(await two.write(get('/v2/health/live')).answer()).toMatchObject({
      status: 200,
      headers: { connection: 'close' },
    });
    // Both are closed now, so there is nothing to wait for.
    await drained;
  });

  test('twice is one drain', async () => {
    const s = await serving();
    const { release } = held(s.plane);
    using connection = await RawConnection.open(s.server.port);
    connection.write(post(INFER, '{}'));
    await eventually(() => s.plane.asked.length === 1);
    const first = s.server.drain();
    const second = s.server[Symbol.asyncDispose]();
    release();
    await Promise.all([first, second]);
    await connection.end();
    expect(connection.answers).toHaveLength(1);
    await s.server.drain();
  });

  test('answers all requests that were sent together on one connection', async () => {
    const s = await serving();
    const { release } = held(s.plane);
    using connection = await RawConnection.open(s.server.port);
    connection.write(post(INFER, '1') + post(INFER, '2') + post(INFER, '3'));
    await eventually(() => s.plane.asked.length === 3);
    const drained = s.server.drain();
    release();
    await drained;
    await connection.end();
    expect(connection.answers.map(({ body }) => body)).toEqual(['1', '2', '3']);
    expect(connection.answers.map(({ headers }) => headers['connection'])).toEqual([
      'keep-alive',
      'keep-alive',
      'close',
    ]);
  });

  test('closes a connection whose answer was on its way already', async () => {
    const s = await serving();
    s.plane.answer = (asked) => ({ ...echo(asked), body: Buffer.alloc(20_000_000) });
    using connection = await RawConnection.open(s.server.port);
    connection.socket.pause();
    connection.write(post(INFER, '{}'));
    await eventually(() => s.plane.asked.length === 1);
    using idle = await RawConnection.open(s.server.port);
    const drained = s.server.drain();
    await idle.end();
    connection.socket.resume();
    await drained;
    await connection.end();
    expect(connection.answers).toMatchObject([{ status: 200, headers: { connection: 'keep-alive' } }]);
    expect(connection.answers[0]!.body.length).toBe(20_000_000);
  });

  test('goes on cutting bodies that do not end', async () => {
    const s = await serving({
      limits: { headersTimeoutMs: 50, requestTimeoutMs: 100, checkIntervalMs: 10 },
    });
    using connection = await RawConnection.open(s.server.port);
    connection.write(`POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{`);
    await s.server.drain();
    await connection.end();
    expect(connection.answers).toMatchObject([{ status: 408 }]);
  });

  test('goes on cutting clients that do not read', async () => {
    const s = await serving({ limits: { stalledAnswerMs: 50 } });
    s.plane.answer = (asked) => ({ ...echo(asked), body: Buffer.alloc(20_000_000) });
    using connection = await RawConnection.open(s.server.port);
    connection.socket.pause();
    connection.write(post(INFER, '{}'));
    await eventually(() => s.plane.asked.length === 1);
    await s.server.drain();
  });

  test('under load loses no request on a connection that it had accepted', async () => {
    const s = await serving({ limits: { idleGraceMs: 100 } });
    const dispatcher = new Agent({ connections: 16, pipelining: 1 });
    let answered = 0;
    const failures: unknown[] = [];
    const clients = Array.from({ length: 16 }, async () => {
      for (;;) {
        try {
          const answer = await request(`${s.server.url}${INFER}`, { method: 'POST', body: '{}', dispatcher });
          await answer.body.dump();
          if (answer.statusCode === 200) answered += 1;
          else failures.push(answer.statusCode);
        } catch (error) {
          // A new connection is refused, as it should be; anything else was a request lost.
          const code = (error as { code?: string }).code;
          if (code !== 'ECONNREFUSED') failures.push(error);
          return;
        }
      }
    });
    await eventually(() => answered > 500);
    await s.server.drain();
    await Promise.all(clients);
    expect(failures).toEqual([]);
    await dispatcher.close();
  });
});
