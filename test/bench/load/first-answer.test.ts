import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FirstAnswer } from '../../../bench/load/first-answer';
import { openConnections } from '../../../bench/load/http-connection';
import { getRequest } from '../../../bench/load/infer-request';

/** Answers with `statuses` in turn, the last of them from then on, under the promotion that has the request's number. */
async function serverOf(...statuses: readonly number[]): Promise<{ url: string; close: () => void }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    response.statusCode = statuses[Math.min(asked, statuses.length - 1)] ?? 200;
    asked += 1;
    response.setHeader('zooserve-model-zxid', asked.toString(16).padStart(16, '0'));
    response.end('said');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

test('the first answer under a promotion is waited for', async () => {
  const server = await serverOf(200);
  const load = new FirstAnswer(await openConnections(server.url, 1), [getRequest('/')]);
  const third = await load.under('0000000000000003');
  expect(await load.under('0000000000000002')).toBeLessThan(third);
  await load.stop();
  server.close();
});

test('who waits for one is told at once when a request fails, and so is who stops', async () => {
  const server = await serverOf(200, 504);
  const load = new FirstAnswer(await openConnections(server.url, 1), [getRequest('/')]);
  await expect(load.under('00000000000000ff')).rejects.toThrow('504: said');
  await expect(load.stop()).rejects.toThrow('504: said');
  server.close();
});
