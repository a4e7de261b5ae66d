import type { Socket } from 'node:net';
import { errorMessage } from '../errors';
import type { ServerAddress } from './connect-string';
import { FrameReader } from './frames';
import { dial, HUNG_UP, tlsTrouble, type TlsMaterial } from './tls';

/** How an end is to be read that comes before the first frame. */
export type EndKind = 'UNREACHABLE' | 'TLS_FAILED' | 'TURNED_AWAY' | 'NOT_UNDERSTOOD';

export interface FrameListener {
  /** The connection stands, TLS included. */
  onOpen(): void;
  /** Whatever this throws ends the connection, with the error's message as the reason. */
  onFrame(frame: Buffer): void;
  /** Called once, at whatever end; nothing follows. */
  onEnd(why: string): void;
}

/** One TCP or TLS connection that carries frames. It is used once: what comes after its end is a new one. */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  #listener: FrameListener;
  #reached = false;
  #ended = false;
  #endKind: EndKind = 'UNREACHABLE';

  /** Throws when `tls` cannot be used. */
  constructor(server: ServerAddress, tls: TlsMaterial | undefined, listener: FrameListener) {
    this.#listener = listener;
    this.#socket = dial(server, tls);
    this.#socket.on('connect', () => {
      this.#reached = true;
      this.#endKind = tls === undefined ? 'TURNED_AWAY' : 'TLS_FAILED';
    });
    this.#socket.on(tls === undefined ? 'connect' : 'secureConnect', () => {
      this.#endKind = 'TURNED_AWAY';
      this.#listener.onOpen();
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    this.#socket.on('error', (error) => {
      const trouble = tls === undefined ? undefined : tlsTrouble(error);
      if (trouble !== undefined) this.#endKind = 'TLS_FAILED';
      this.destroy(trouble ?? this.#unlessSecuring(error.message));
    });
    this.#socket.on('close', () => {
      this.destroy(this.#unlessSecuring('the server closed the connection'));
    });
  }

  /** Whether the server took the TCP connection. */
  get reached(): boolean {
    return this.#reached;
  }

  get endKind(): EndKind {
    return this.#endKind;
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

  #unlessSecuring(why: string): string {
    return this.#endKind === 'TLS_FAILED' ? HUNG_UP : why;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#ended) return;
        this.#listener.onFrame(frame);
      }
    } catch (error) {
      this.#endKind = 'NOT_UNDERSTOOD';
      this.destroy(errorMessage(error));
    }
  }
}
