import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * `node bare-http.js <answers.json>`: the least that a JSON server on Node.js can do. It gathers a body, parses
 * it, and sends the answer that the file has for the path, always the same bytes.
 */
const file = process.argv[2] ?? '';
// Written by the measurement that starts this server: a path to a body.
const texts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
const answers = new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]));

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const answer = answers.get(request.url ?? '');
    const found = answer !== undefined && typeof body === 'object';
    const bytes = found ? answer : Buffer.alloc(0);
    const headers = { 'content-type': 'application/json', 'content-length': bytes.byteLength };
    response.writeHead(found ? 200 : 404, headers).end(bytes);
  });
});
server.listen(0, '127.0.0.1', () => {
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
});
