import { connect, type Socket } from 'node:net';
import { errorMessage } from '../errors';
import type { ServerAddress } from './connect-string';
import { FrameReader } from './frames';

export interface FrameListener {
  /** The TCP connection stands. */
  onOpen(): void;
  /** Whatever this throws ends the connection, with the error's message as the reason. */
  onFrame(frame: Buffer): void;
  /** Called once, at whatever end; nothing follows. */
  onEnd(why: string): void;
}

/** One TCP connection that carries frames. It is used once: what comes after its end is a new one. */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  #listener: FrameListener;
  #open = false;
  #ended = false;
  #understood = true;
  #lastByteAt = performance.now();

  constructor(server: ServerAddress, listener: FrameListener) {
    this.#listener = listener;
    this.#socket = connect({ host: server.host, port: server.port, noDelay: true, keepAlive: true });
    this.#socket.on('connect', () => {
      this.#open = true;
      this.#lastByteAt = performance.now();
      this.#listener.onOpen();
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    this.#socket.on('error', (error) => {
      this.destroy(error.message);
    });
    this.#socket.on('close', () => {
      this.destroy('the server closed the connection');
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** False once something came that was no frame, or that the listener could make nothing of. */
  get understood(): boolean {
    return this.#understood;
  }

  /** By `performance.now()`; the time of the connection while there was none. */
  get lastByteAt(): number {
    return this.#lastByteAt;
  }

  set listener(listener: FrameListener) {
    this.#listener = listener;
  }

  write(frame: Buffer): void {
    if (!this.#ended) this.#socket.write(frame);
  }

  /** Ends the connection at once, without a farewell. Only the first reason given is told. */
  destroy(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#listener.onEnd(why);
  }

  #receive(chunk: Buffer): void {
    this.#lastByteAt = performance.now();
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#ended) return;
        this.#listener.onFrame(frame);
      }
    } catch (error) {
      this.#understood = false;
      this.destroy(errorMessage(error));
    }
  }
}
