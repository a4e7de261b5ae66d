import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * `node bare-http.js <answers.json>`: the least that a JSON server on Node.js does. It gathers a body, parses it,
 * and writes the answer that the file has for the path as JSON.
 */
const file = process.argv[2] ?? '';
// Written by the measurement that starts this server: by path, the answer.
const answers = new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>));

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const answer = typeof body === 'object' ? answers.get(request.url ?? '') : undefined;
    response.statusCode = answer === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer ?? {}));
  });
});
// As ZooServe does: connections idle while the other server has its turns.
server.keepAliveTimeout = 620_000;
server.listen(0, '127.0.0.1', () => {
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
});
