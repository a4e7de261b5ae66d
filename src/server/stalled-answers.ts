import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes that are given to the socket at a time: of fewer it cannot be seen whether the client takes them. */
const SLICE_BYTES = 256 * 1024;

interface Unsent {
  readonly timer: NodeJS.Timeout;
  answers: number;
  /** What waits until all of them are out, or cut. */
  after: (() => void) | undefined;
}

/**
 * Cuts the connections of clients that do not read: once nothing of the answers on one has moved for `stalledMs`,
 * whatever the client sends meanwhile, so that what it holds is bounded in size and in time. A socket's own timeout
 * would not do: what comes in puts it off.
 */
export class StalledAnswers {
  readonly #stalledMs: number;
  readonly #unsent = new WeakMap<Socket, Unsent>();

  constructor(stalledMs: number) {
    this.#stalledMs = stalledMs;
  }

  /** Ends the response, whose headers are written, with `body`. */
  send(response: ServerResponse, body: Buffer | string): void {
    // Node.js lets go of the socket when the answer is out.
    const { socket } = response.req;
    if (body.length > SLICE_BYTES && typeof body !== 'string') {
      this.#watch(socket, response);
      this.#sendFrom(response, body, 0, socket);
      return;
    }
    response.end(body);
    if (response.writableLength > 0) this.#watch(socket, response);
  }

  /** Calls `run` when no answer is in the middle of being sent any more. */
  afterAnswers(socket: Socket, run: () => void): void {
    const unsent = this.#unsent.get(socket);
    if (unsent === undefined) run();
    else unsent.after = run;
  }

  /** Closes the connection once what was written is out; cuts it when it is still open after `stalledMs`. */
  closeSoon(socket: Socket): void {
    const timer = this.#cutter(socket);
    socket.once('close', () => {
      clearTimeout(timer);
    });
    socket.destroySoon();
  }

  #sendFrom(response: ServerResponse, body: Buffer, offset: number, socket: Socket): void {
    const end = offset + SLICE_BYTES;
    if (end >= body.length) {
      response.end(body.subarray(offset));
      return;
    }
    response.write(body.subarray(offset, end), (error) => {
      if (error) return;
      this.#unsent.get(socket)?.timer.refresh();
      this.#sendFrom(response, body, end, socket);
    });
  }

  #watch(socket: Socket, response: ServerResponse): void {
    const unsent = this.#unsent.get(socket) ?? { timer: this.#cutter(socket), answers: 0, after: undefined };
    this.#unsent.set(socket, unsent);
    unsent.answers += 1;
    // Also when the connection is cut before all of it is out.
    response.once('close', () => {
      unsent.answers -= 1;
      if (unsent.answers > 0) {
        unsent.timer.refresh();
        return;
      }
      clearTimeout(unsent.timer);
      this.#unsent.delete(socket);
      unsent.after?.();
    });
  }

  #cutter(socket: Socket): NodeJS.Timeout {
    return setTimeout(() => {
      socket.destroy();
    }, this.#stalledMs).unref();
  }
}
