import http from 'node:http';
import { listen, listenProblem } from '../../src/server/listen';
import { collectingLog, serving } from './serving';

test('a taken port is an error that names it and the flag', async () => {
  await using first = await serving();
  const { port } = first.server;
  await expect(serving({ port })).rejects.toThrow(
    `port ${port} on 127.0.0.1 is taken by another program; choose another with --port (0 takes any free one)`,
  );
});

test('a host that is none is an error that names the flag', async () => {
  await expect(serving({ host: '203.0.113.1' })).rejects.toThrow(
    /203\.0\.113\.1 .* choose another with --host/,
  );
});

test.each([
  ['EADDRINUSE', /port 80 on h is taken.*--port/],
  ['EACCES', /may not listen on port 80.*--port/],
  ['EADDRNOTAVAIL', /h is not an address of this machine.*--host/],
  ['ENOTFOUND', /h is not an address of this machine.*--host/],
  ['EAI_AGAIN', /h is not an address of this machine.*--host/],
  ['EOTHER', /cannot listen on h port 80 \(--host, --port\): said so/],
])('%s says what to change', (code, message) => {
  expect(listenProblem(Object.assign(new Error('said so'), { code }), 'h', 80)).toMatch(message);
});

test('the url is where it listens, in IPv6 too', async () => {
  await using v4 = await serving();
  expect(v4.server.url).toBe(`http://127.0.0.1:${v4.server.port}`);
  await using v6 = await serving({ host: '::1' });
  expect(v6.server.url).toBe(`http://[::1]:${v6.server.port}`);
});

test('a connection that cannot be accepted is logged and stops nothing', async () => {
  const logged: Record<string, unknown>[] = [];
  const server = http.createServer();
  await listen(server, '127.0.0.1', 0, collectingLog(logged));
  server.emit('error', Object.assign(new Error('accept ENOMEM'), { code: 'ENOMEM' }));
  expect(server.listening).toBe(true);
  expect(logged).toMatchObject([{ msg: 'a connection could not be accepted', err: { code: 'ENOMEM' } }]);
  server.close();
});
