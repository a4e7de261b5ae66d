import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Connections } from './connections';
import { errorBody, type HttpError } from './http-errors';
import type { Limits } from './limits';
import type { StalledAnswers } from './stalled-answers';

export const JSON_TYPE = 'application/json';
export const BYTES_TYPE = 'application/octet-stream';

/** Sends every answer of the server, so that what holds for all of them is in one place. */
export class AnswerWriter {
  /** The last error's message, and its body: those of a flood are mostly the same. As text it goes out with its headers. */
  #last: { readonly message: string; readonly body: string } | undefined;

  constructor(
    readonly connections: Connections,
    readonly limits: Pick<Limits, 'lingerMs'>,
    readonly stalled: StalledAnswers,
  ) {}

  json(response: ServerResponse, status: number, value: object): void {
    this.send(response, status, { 'content-type': JSON_TYPE }, Buffer.from(JSON.stringify(value)));
  }

  error(response: ServerResponse, error: HttpError): void {
    const { message } = error;
    if (this.#last?.message !== message) this.#last = { message, body: errorBody(error) };
    this.send(response, error.status, { ...error.headers, 'content-type': JSON_TYPE }, this.#last.body);
  }

  /** A client that does not read it is cut ({@link StalledAnswers}). */
  send(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body: Buffer | string): void {
    const request = response.req;
    const socket = request.socket;
    headers['content-length'] = Buffer.byteLength(body);
    if (!request.complete) {
      // Cut off in the middle of its body: nobody is there to read it.
      if (request.destroyed) return;
      this.#refuseRest(request, headers);
    }
    if (this.connections.isLast(socket, response)) headers['connection'] = 'close';
    this.stalled.send(response.writeHead(status, headers), body);
  }

  /**
   * The answer comes before the body is in. What still arrives is read and dropped for a while: closing at once
   * would reset the connection, and a reset may discard the answer before the client has read it.
   */
  #refuseRest(request: IncomingMessage, headers: OutgoingHttpHeaders): void {
    if (request.headers.expect !== undefined) {
      // The client waits for leave to send the body and may never send it: what comes next is ambiguous.
      headers['connection'] = 'close';
      return;
    }
    request.resume();
    const { socket } = request;
    const timer = setTimeout(() => {
      socket.destroy();
    }, this.limits.lingerMs).unref();
    request.once('close', () => {
      clearTimeout(timer);
    });
  }
}
