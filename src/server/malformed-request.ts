import { STATUS_CODES, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import { errorMessage } from '../errors';
import type { Connections } from './connections';
import { errorBody, malformedRequestError } from './http-errors';
import { JSON_TYPE } from './http-answer';
import type { StalledAnswers } from './stalled-answers';

/**
 * What never became a request (not HTTP, headers too large or too slow, a body that stops coming) gets its
 * error written to the bare socket, which is then closed.
 */
export function answerMalformedRequests(
  server: Server,
  connections: Connections,
  stalled: StalledAnswers,
): void {
  server.on('clientError', (error: NodeJS.ErrnoException, stream: Duplex) => {
    const answer = malformedRequestError(error.code, errorMessage(error));
    // node's http gives the event a Duplex only because users may hand it other streams; this server does not.
    if (!(stream instanceof Socket) || answer === undefined || !mayAnswer(connections, stream)) {
      stream.destroy();
      return;
    }
    const body = errorBody(answer);
    stalled.afterAnswers(stream, () => {
      stream.write(
        `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\nconnection: close\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`,
      );
      stream.write(body);
      stalled.closeSoon(stream);
    });
  });
}

/** Nothing may follow the answer to a request whose body is what went wrong, nor cut one that is on its way. */
function mayAnswer(connections: Connections, socket: Socket): boolean {
  if (!socket.writable) return false;
  const newest = connections.newest(socket);
  return newest === undefined || !newest.headersSent || newest.req.complete;
}
