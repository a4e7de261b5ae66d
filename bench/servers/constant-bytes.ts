import { createServer, type AddressInfo } from 'node:net';

/**
 * `constant-bytes.js <bytes of a request> <bytes of a body>`: an HTTP answer for every so many bytes that come in,
 * unread.
 */
const [requestBytes = 0, bodyBytes = 0] = process.argv.slice(2).map(Number);
const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${bodyBytes}\r\n\r\n`;
const answer = Buffer.from(head + ' '.repeat(bodyBytes));

const server = createServer({ noDelay: true }, (socket) => {
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
    for (; received >= requestBytes; received -= requestBytes) socket.write(answer);
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
});
