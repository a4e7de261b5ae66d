import { once } from 'node:events';
import net from 'node:net';
import { eventually } from '../support/eventually';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A TCP connection on which a test writes whatever it likes, HTTP or not. */
export class RawConnection implements Disposable {
  readonly socket: net.Socket;
  #received = '';
  ended = false;
  closed = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.#received += chunk.toString('latin1')));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.closed = true));
    // A reset is one of the ways to be closed; `closed` tells.
    socket.on('error', () => undefined);
  }

  static async open(port: number, options: { allowHalfOpen?: boolean } = {}): Promise<RawConnection> {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true, ...options });
    const connection = new RawConnection(socket);
    await once(socket, 'connect');
    return connection;
  }

  get received(): string {
    return this.#received;
  }

  write(text: string | Buffer): this {
    this.socket.write(text);
    return this;
  }

  /** The answers received so far; those not complete are left out. */
  get answers(): readonly RawAnswer[] {
    const answers: RawAnswer[] = [];
    let rest = this.#received;
    for (;;) {
      const head = rest.indexOf('\r\n\r\n');
      if (head === -1) return answers;
      const [line = '', ...lines] = rest.slice(0, head).split('\r\n');
      const status = Number(line.split(' ')[1]);
      const headers = Object.fromEntries(
        lines.map((text) => {
          const colon = text.indexOf(':');
          return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
        }),
      );
      const length = status === 100 ? 0 : Number(headers['content-length'] ?? 0);
      const body = rest.slice(head + 4, head + 4 + length);
      if (body.length < length) return answers;
      answers.push({ status, headers, body });
      rest = rest.slice(head + 4 + length);
    }
  }

  /** The `index`th answer, once it is there. */
  async answer(index = 0): Promise<RawAnswer> {
    const answers = await eventually(
      () => this.answers,
      (seen) => seen.length > index,
    );
    return answers[index]!;
  }

  /** Resolves once the server has closed its side. */
  async end(): Promise<void> {
    await eventually(() => this.ended || this.closed);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A whole request for `POST path` with `body`. */
export function post(path: string, body: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: test\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`;
}

export const INFER = '/v2/models/iris/infer';
