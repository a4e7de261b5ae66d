import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it came off the wire; its body has the length that Content-Length gives. */
export interface HttpAnswer {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
  /** A view that is good until the next answer comes. */
  readonly body: Buffer;
}

/** Hears how one request ended: its answer, or why none came. */
export type Answered = (answer: HttpAnswer | Error) => void;

const NOTHING = Buffer.alloc(0);
const HEAD_END = '\r\n\r\n';

/**
 * One HTTP/1.1 connection with at most one request on it. It knows no more of HTTP than what servers under test
 * send (a Content-Length, no chunks), so that a request costs the generator little: each run measures how much.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = NOTHING;
  #answered: Answered | undefined;
  #broken: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.on('error', (error) => {
      this.#end(error);
    });
    socket.on('close', () => {
      this.#end(new Error('the connection was closed'));
    });
  }

  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    return new HttpConnection(socket);
  }

  /** `request`: all of its bytes. On a connection that is broken it is answered with the reason at once. */
  send(request: Uint8Array, answered: Answered): void {
    if (this.#answered !== undefined) throw new Error('one request at a time');
    if (this.#broken !== undefined) {
      answered(this.#broken);
      return;
    }
    this.#answered = answered;
    this.#socket.write(request);
  }

  /** The same with a promise; the body is a copy. Rejects when no answer comes. */
  ask(request: Uint8Array): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.send(request, (answer) => {
        if (answer instanceof Error) reject(answer);
        else resolve({ ...answer, body: Buffer.from(answer.body) });
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = received.indexOf(HEAD_END);
    const bodyAt = headEnd + HEAD_END.length;
    const head = headEnd < 0 ? '' : received.toString('latin1', 0, headEnd);
    const end = headEnd < 0 ? Infinity : bodyAt + contentLength(head);
    if (received.length < end) {
      this.#received = received;
      return;
    }
    const answered = this.#answered;
    this.#received = NOTHING;
    this.#answered = undefined;
    if (answered === undefined || received.length > end) {
      this.#end(new Error('bytes came that nobody asked for'));
      answered?.(new Error('more came than one answer'));
      return;
    }
    answered({ status: Number(head.slice(9, 12)), head, body: received.subarray(bodyAt) });
  }

  #end(why: Error): void {
    this.#broken ??= why;
    this.#socket.destroy();
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(this.#broken);
  }
}

export function openConnections(url: string, count: number): Promise<HttpConnection[]> {
  return Promise.all(Array.from({ length: count }, () => HttpConnection.open(url)));
}

function contentLength(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
  return Number(length);
}
