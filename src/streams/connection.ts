import { OP_CODES, protocol, Request, XID_NOTIFICATION, XID_PING } from 'node-zookeeper-client/lib/jute';
import type { FrameSocket } from './frame-socket';
import type { Handshake, SessionGrant } from './handshake';
import { Hearing } from './hearing';
import { zooKeeperError, type Asked } from './reply-error';
import type { WireRecord } from './wire-record';
import { withoutChroot } from './znode-path';
import { laterZxid, zxidOf } from './zxid';

/** The longest request that a server takes with its default `jute.maxbuffer`; for a longer one it hangs up. */
export const MAX_REQUEST_BYTES = 0xfffff;
const MAX_XID = 0x7fffffff;

export interface Reply<R> {
  /** 0, or ZooKeeper's code of what went wrong; then `response` was left empty. */
  readonly err: number;
  /** The server's last zxid when it answered: what it said holds as of that. */
  readonly zxid: string;
  readonly response: R;
}

export interface ConnectionListener {
  /** A watch fired; `type` is one of the client library's `Event`. */
  onNotification(type: number, path: string): void;
  /** Called once, before the operations in flight fail. */
  onEnd(why: string): void;
}

interface Pending {
  readonly xid: number;
  readonly sentAt: number;
  answer(err: number, zxid: string, body: Buffer): void;
  fail(): void;
}

/**
 * One connection of a session, from the handshake to its end; a reconnect makes another one. Every request is
 * settled in bounded time: by the answer, by its deadline, or by the end of the connection, which comes at the
 * latest when the server no longer hears us (hearing.ts).
 *
 * Of node-zookeeper-client only the records are used, which are sound. Its own connection loses callbacks, never
 * notices a silent server, and does not survive a cut frame.
 */
export class Connection {
  readonly grant: SessionGrant;
  readonly #socket: FrameSocket;
  readonly #listener: ConnectionListener;
  readonly #pending: Pending[] = [];
  readonly #pingsSentAt: number[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  readonly #hearing: Hearing;
  #nextXid: number;
  #lastZxid: string;
  #endedBecause: string | undefined;

  /**
   * @param chroot put before every path that is sent and taken off those that are notified
   * @param firstXid the number of the first request; those that follow count up
   */
  constructor(
    established: Handshake,
    lastZxid: string,
    readonly chroot: string,
    listener: ConnectionListener,
    firstXid = 1,
  ) {
    this.#nextXid = firstXid;
    this.grant = established.grant;
    this.#socket = established.socket;
    this.#listener = listener;
    this.#lastZxid = lastZxid;
    established.socket.listener = {
      onOpen: () => undefined,
      onFrame: (frame) => {
        this.#receive(frame);
      },
      onEnd: (why) => {
        this.#end(why);
      },
    };
    // Whatever else is sent: traffic that only comes in would not keep the session alive.
    this.#heartbeat = setInterval(() => {
      this.#ping();
    }, this.grant.timeoutMs / 3);
    // After a slow handshake the first turn of the heartbeat would be too late.
    if (performance.now() - established.sentAt > this.grant.timeoutMs / 6) this.#ping();
    this.#hearing = new Hearing(this.grant.timeoutMs, established.sentAt, {
      ping: () => {
        this.#ping();
      },
      unheard: (why) => {
        this.destroy(why);
      },
    });
  }

  get ended(): boolean {
    return this.#endedBecause !== undefined;
  }

  /** The highest zxid that any server has told. */
  get lastZxid(): string {
    return this.#lastZxid;
  }

  /**
   * When the last request was sent that was answered, by `performance.now()`. The server has heard from us at
   * that time or later, so the session lives until a session timeout after it at the least.
   */
  get lastAnsweredSentAt(): number {
    return this.#hearing.lastAnsweredSentAt;
  }

  /**
   * Sends one request and reads the answer into `response`. Rejects with a ZooKeeperError: `CONNECTION_LOSS`,
   * `TIMEOUT` (no answer for a whole session timeout) or `BAD_ARGUMENTS` (too long for a server). A code in the
   * answer is not an error here. Requests are carried out in the order in which they are sent.
   */
  send<R extends WireRecord | null>(
    opcode: number,
    payload: WireRecord | null,
    response: R,
    asked: Asked,
  ): Promise<Reply<R>> {
    if (this.#endedBecause !== undefined) return Promise.reject(this.#connectionLoss(asked, false));
    const xid = this.#takeXid();
    const frame = new Request(new protocol.RequestHeader(xid, opcode), payload).toBuffer();
    if (frame.length - 4 > MAX_REQUEST_BYTES) {
      const words = `the request has ${frame.length - 4} bytes; a server takes ${MAX_REQUEST_BYTES}`;
      return Promise.reject(
        zooKeeperError('BAD_ARGUMENTS', words, asked, { mayHaveHappened: false, retryable: false }),
      );
    }
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        // An answer may have come in while the process was paused; the event loop gets to read it first.
        setImmediate(() => {
          const words = `no answer within ${this.grant.timeoutMs} ms`;
          reject(zooKeeperError('TIMEOUT', words, asked, { mayHaveHappened: asked.write, retryable: true }));
        });
      }, this.grant.timeoutMs);
      const fail = () => {
        clearTimeout(deadline);
        reject(this.#connectionLoss(asked, asked.write));
      };
      this.#pending.push({
        xid,
        sentAt: performance.now(),
        fail,
        answer: (err, zxid, body) => {
          try {
            // Also beside an error: a multi that failed says in its body which part did.
            if (response !== null && body.length > 0) response.deserialize(body, 0);
          } catch (error) {
            fail();
            throw error;
          }
          clearTimeout(deadline);
          resolve({ err, zxid, response });
        },
      });
      this.#socket.write(frame);
    });
  }

  /** Ends the session on the server, then the connection; after `deadlineMs` the connection at any rate. */
  async closeSession(deadlineMs: number): Promise<void> {
    const deadline = setTimeout(() => {
      this.destroy(`the server did not end the session within ${deadlineMs} ms`);
    }, deadlineMs);
    try {
      await this.send(OP_CODES.CLOSE_SESSION, null, null, { operation: 'close the session', write: true });
    } catch {
      // The connection is gone, and with it the way to say so; the session expires by itself.
    } finally {
      clearTimeout(deadline);
      this.destroy('closed');
    }
  }

  destroy(why: string): void {
    this.#socket.destroy(why);
  }

  /** From the largest on to 1: numbers below 0 mean notifications, pings and authentication. */
  #takeXid(): number {
    const xid = this.#nextXid;
    this.#nextXid = xid === MAX_XID ? 1 : xid + 1;
    return xid;
  }

  #receive(frame: Buffer): void {
    const header = new protocol.ReplyHeader();
    const bodyAt = header.deserialize(frame, 0);
    if (header.xid === XID_PING) {
      this.#hearing.answered(this.#pingsSentAt.shift());
    } else if (header.xid === XID_NOTIFICATION) {
      const event = new protocol.WatcherEvent();
      event.deserialize(frame, bodyAt);
      this.#listener.onNotification(event.type, withoutChroot(this.chroot, event.path));
    } else {
      const pending = this.#pending[0];
      if (pending?.xid !== header.xid) {
        throw new Error(`an answer to request ${header.xid}; expected was ${pending?.xid ?? 'none'}`);
      }
      this.#pending.shift();
      this.#hearing.answered(pending.sentAt);
      this.#lastZxid = laterZxid(this.#lastZxid, zxidOf(header.zxid));
      pending.answer(header.err, zxidOf(header.zxid), frame.subarray(bodyAt));
    }
  }

  #ping(): void {
    this.#pingsSentAt.push(performance.now());
    this.#socket.write(new Request(new protocol.RequestHeader(XID_PING, OP_CODES.PING), null).toBuffer());
  }

  #end(why: string): void {
    this.#endedBecause = why;
    clearInterval(this.#heartbeat);
    this.#hearing.stop();
    this.#listener.onEnd(why);
    for (const pending of this.#pending.splice(0)) pending.fail();
  }

  #connectionLoss(asked: Asked, mayHaveHappened: boolean) {
    return zooKeeperError('CONNECTION_LOSS', this.#endedBecause ?? 'the connection broke', asked, {
      mayHaveHappened,
      retryable: true,
    });
  }
}
