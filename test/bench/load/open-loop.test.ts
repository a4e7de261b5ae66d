import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { now } from '../../../bench/clock';
import { closedLoop } from '../../../bench/load/closed-loop';
import { type HttpConnection, openConnections } from '../../../bench/load/http-connection';
import { openLoop } from '../../../bench/load/open-loop';

const REQUEST = Buffer.from('GET / HTTP/1.1\r\nhost: test\r\n\r\n');
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A server that answers each request by `answer`, or as soon as that calls back. */
async function serving(answer: (socket: Socket) => void): Promise<{ server: Server; url: string }> {
  const server = createServer((socket) => {
    socket.on('data', () => {
      answer(socket);
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

async function withConnections(
  url: string,
  count: number,
  use: (connections: readonly HttpConnection[]) => Promise<void>,
): Promise<void> {
  const connections = await openConnections(url, count);
  await use(connections);
  for (const connection of connections) connection.close();
}

test('a server that stalls makes everybody wait who was to arrive meanwhile, sent or not', async () => {
  const held: Socket[] = [];
  let stalled = true;
  const { server, url } = await serving((socket) => {
    if (stalled) held.push(socket);
    else socket.write(OK);
  });
  await withConnections(url, 1, async (connections) => {
    const beginsAt = now() + 20;
    const arrivals = Float64Array.from({ length: 10 }, (_, i) => i * 10);
    setTimeout(() => {
      stalled = false;
      for (const socket of held) socket.write(OK);
    }, 220);
    const result = await openLoop({ connections, requests: [REQUEST], arrivals, beginsAt });
    expect(Array.from(result.statuses)).toEqual(new Array(10).fill(200));
    // The first to arrive waited for the whole stall, the last for what was left of it.
    expect(result.latenciesMs[0]).toBeGreaterThan(190);
    expect(result.latenciesMs[9]).toBeGreaterThan(100);
    expect(result.latenciesMs[9]).toBeLessThan(result.latenciesMs[0] ?? 0);
    expect(result.latenessMs[9]).toBeGreaterThan(100);
  });
  server.close();
});

test('requests are sent when they are to arrive, not earlier', async () => {
  const { server, url } = await serving((socket) => socket.write(OK));
  await withConnections(url, 4, async (connections) => {
    const arrivals = Float64Array.from([0, 5, 5.3, 60]);
    const result = await openLoop({ connections, requests: [REQUEST], arrivals, beginsAt: now() + 10 });
    expect(result.latenessMs.every((late) => late >= 0)).toBe(true);
    expect(result.latenciesMs.every((latency) => latency < Infinity)).toBe(true);
  });
  server.close();
});

test('a connection that breaks leaves its request without an answer', async () => {
  const { server, url } = await serving((socket) => socket.destroy());
  await withConnections(url, 2, async (connections) => {
    const arrivals = Float64Array.from([0, 1]);
    const result = await openLoop({ connections, requests: [REQUEST], arrivals, beginsAt: now() });
    expect(Array.from(result.statuses)).toEqual([0, 0]);
    expect(Array.from(result.latenciesMs)).toEqual([Infinity, Infinity]);
  });
  server.close();
});

test('an answer that comes in pieces is one answer, with its status, headers and body', async () => {
  const { server, url } = await serving((socket) => {
    socket.setNoDelay(true);
    for (const piece of ['HTTP/1.1 503 Not', ' now\r\nX-A: b\r', '\nContent-Length: 5\r\n\r\nhe', 'llo']) {
      socket.write(piece);
    }
  });
  await withConnections(url, 1, async ([connection]) => {
    const answer = await connection?.ask(REQUEST);
    expect(answer?.status).toBe(503);
    expect(answer?.head).toContain('X-A: b');
    expect(answer?.body.toString()).toBe('hello');
  });
  server.close();
});

test('a closed loop counts answers by status and keeps each connection busy', async () => {
  let asked = 0;
  const { server, url } = await serving((socket) => {
    asked += 1;
    socket.write(asked % 10 === 0 ? OK.replace('200 OK', '503 No') : OK);
  });
  await withConnections(url, 3, async (connections) => {
    const result = await closedLoop({ connections, requests: [REQUEST], durationMs: 150 });
    expect(result.answered).toBeGreaterThan(10);
    expect(result.failed).toBe(Math.floor(asked / 10));
    expect(result.latenciesMs.length).toBe(result.answered);
  });
  server.close();
});
