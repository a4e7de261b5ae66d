import { createServer, type Server, type Socket } from 'node:net';
import { FrameReader } from '../../src/streams/frames';

/** What a client sent: the handshake, or a request with its number and opcode. */
export interface Received {
  readonly connection: number;
  readonly kind: 'connect' | 'request';
  readonly xid: number;
  readonly opcode: number;
  readonly body: Buffer;
}

export interface ScriptedConnection {
  readonly number: number;
  readonly socket: Socket;
  /** Grants a session. */
  grant(timeoutMs: number): void;
  /** Answers a request. */
  reply(xid: number, err: number, body?: Buffer, zxid?: bigint): void;
}

/**
 * A listener that speaks just enough of ZooKeeper's protocol for a test to misuse it: for what no real server can
 * be made to do at will. `script` is called with each frame; without one it takes connections and stays mute.
 */
export class ScriptedZooKeeper implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly port: number;
  readonly connectString: string;
  readonly #server: Server;
  readonly #sockets = new Map<number, Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.connectString = `127.0.0.1:${port}`;
  }

  static start(
    script: (received: Received, connection: ScriptedConnection) => void = () => undefined,
  ): Promise<ScriptedZooKeeper> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (typeof address !== 'object' || address === null) throw new Error('no port');
        const scripted = new ScriptedZooKeeper(server, address.port);
        scripted.#serve(script);
        resolve(scripted);
      });
    });
  }

  /** Sends bytes on the connection of that number, if it stands. */
  send(connection: number, bytes: Buffer): void {
    this.#sockets.get(connection)?.write(bytes);
  }

  /** Breaks all connections. */
  disconnect(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.disconnect();
    await closed;
  }

  #serve(script: (received: Received, connection: ScriptedConnection) => void): void {
    let connections = 0;
    this.#server.on('connection', (socket) => {
      const number = connections++;
      this.#sockets.set(number, socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(number));
      const reader = new FrameReader();
      const connection = scriptedConnection(number, socket);
      let greeted = false;
      socket.on('data', (chunk: Buffer) => {
        for (const frame of reader.push(chunk)) {
          const received: Received = greeted
            ? {
                connection: number,
                kind: 'request',
                xid: frame.readInt32BE(0),
                opcode: frame.readInt32BE(4),
                body: frame.subarray(8),
              }
            : { connection: number, kind: 'connect', xid: 0, opcode: 0, body: frame };
          greeted = true;
          this.received.push(received);
          script(received, connection);
        }
      });
    });
  }
}

function scriptedConnection(number: number, socket: Socket): ScriptedConnection {
  return {
    number,
    socket,
    grant(timeoutMs) {
      const frame = Buffer.alloc(4 + 36);
      frame.writeInt32BE(36, 0);
      frame.writeInt32BE(timeoutMs, 8);
      frame.writeBigInt64BE(timeoutMs > 0 ? 7n : 0n, 12);
      frame.writeInt32BE(16, 20);
      socket.write(frame);
    },
    reply(xid, err, body = Buffer.alloc(0), zxid = 1n) {
      const frame = Buffer.alloc(4 + 16 + body.length);
      frame.writeInt32BE(16 + body.length, 0);
      frame.writeInt32BE(xid, 4);
      frame.writeBigInt64BE(zxid, 8);
      frame.writeInt32BE(err, 16);
      body.copy(frame, 20);
      socket.write(frame);
    },
  };
}
