import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The open connections of one HTTP server, and of each the newest request on it. What is kept is kept a
 * connection, not a request: an AbortController a request costs more than routing it.
 */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #newest = new WeakMap<Socket, ServerResponse>();
  readonly #gone = new WeakMap<Socket, AbortController>();
  #draining = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  get draining(): boolean {
    return this.#draining;
  }

  get size(): number {
    return this.#open.size;
  }

  /** A request's headers have arrived; `response` is going to answer it. */
  began(socket: Socket, response: ServerResponse): void {
    this.#newest.set(socket, response);
  }

  /** The response to the newest request of `socket`, answered or not; undefined before the first. */
  newest(socket: Socket): ServerResponse | undefined {
    return this.#newest.get(socket);
  }

  /**
   * Aborted once the client has closed its side of the connection. All requests of one connection share it, so
   * whoever listens to it must stop listening when the request is over.
   */
  goneSignal(socket: Socket): AbortSignal {
    const known = this.#gone.get(socket);
    if (known !== undefined) return known.signal;
    const controller = new AbortController();
    this.#gone.set(socket, controller);
    const abort = (): void => {
      controller.abort();
    };
    // A client that goes away sends FIN first, so its end counts, not only the close of both sides.
    if (socket.destroyed || socket.readableEnded) abort();
    else socket.once('end', abort).once('close', abort);
    return controller.signal;
  }

  /** From here on the last answer of each connection closes it. */
  beginDrain(): void {
    this.#draining = true;
  }

  /** Whether `response`, about to be sent, should be the last on its connection. */
  isLast(socket: Socket, response: ServerResponse): boolean {
    // An older one of several pipelined requests must not take the newer ones' answers with it.
    return this.#draining && this.#newest.get(socket) === response;
  }

  /** Close each connection that no request is on, and each of the others once its answer is out. */
  closeWhenIdle(): void {
    for (const socket of this.#open) {
      const close = (): void => {
        socket.destroySoon();
      };
      const response = this.#newest.get(socket);
      if (response === undefined || response.writableFinished) close();
      else if (response.headersSent) response.once('finish', close);
    }
  }
}
