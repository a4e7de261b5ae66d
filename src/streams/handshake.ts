import Exception from 'node-zookeeper-client/lib/Exception';
import {
  OP_CODES,
  PROTOCOL_VERSION,
  protocol,
  Request,
  XID_AUTHENTICATION,
} from 'node-zookeeper-client/lib/jute';
import type { ServerAddress } from './connect-string';
import { errorMessage } from '../errors';
import { FrameSocket, type EndKind, type FrameListener } from './frame-socket';
import type { TlsMaterial } from './tls';

/** What a server gave: the session and the time after which it expires when nothing is heard from this side. */
export interface SessionGrant {
  readonly sessionId: Buffer;
  readonly password: Buffer;
  readonly timeoutMs: number;
}

/**
 * Why there is no connection.
 * - `UNREACHABLE`: no TCP connection.
 * - `TLS_FAILED`: no TLS connection: one side refused the other's certificate, our own could not be read, or the
 *   server does not speak TLS there.
 * - `MUTE`: the server took the TCP connection and did not answer in time.
 * - `TURNED_AWAY`: it closed the connection without an answer. So does a server that serves nobody at the moment
 *   (no quorum), a TLS port if we speak without TLS, and one whose data are older than `lastZxid`: a lagging one, or for ever that of an
 *   ensemble which was wiped or restored from an old snapshot. ZooKeeper's protocol does not tell these apart.
 * - `OTHER_HISTORY`: it serves, but another ensemble than the one known, or an older state of it (history.ts).
 * - `NOT_UNDERSTOOD`: it answered something else than ZooKeeper's protocol.
 * - `SESSION_EXPIRED`: it does not know the session that was to be resumed (any more).
 * - `AUTH_FAILED`: it refused the credentials.
 * - `ABORTED`: by our own signal.
 */
export type HandshakeFailure =
  | 'UNREACHABLE'
  | 'TLS_FAILED'
  | 'MUTE'
  | 'TURNED_AWAY'
  | 'OTHER_HISTORY'
  | 'NOT_UNDERSTOOD'
  | 'SESSION_EXPIRED'
  | 'AUTH_FAILED'
  | 'ABORTED';

export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
  constructor(
    readonly reason: HandshakeFailure,
    message: string,
  ) {
    super(message);
  }
}

export interface HandshakeRequest {
  readonly server: ServerAddress;
  /** A server whose data are older than this turns us away, so that nothing older is ever read. */
  readonly lastZxid: string;
  /** The session to go on with; absent: a new one. */
  readonly resume: SessionGrant | undefined;
  readonly sessionTimeoutMs: number;
  readonly auth: { readonly scheme: string; readonly credentials: string } | undefined;
  /** Asked for each connection, so that certificates may be renewed; absent: no TLS. */
  readonly tls: (() => TlsMaterial) | undefined;
  /** From the first packet of TCP to the last answer. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface Handshake {
  readonly socket: FrameSocket;
  readonly grant: SessionGrant;
  /** When the request was sent that the grant answers, by `performance.now()`. */
  readonly sentAt: number;
}

/** Connects, opens or resumes a session and proves who we are, in bounded time. Rejects with a HandshakeError. */
export function handshake(request: HandshakeRequest): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    let grant: SessionGrant | undefined;
    let settled = false;

    const settle = () => {
      settled = true;
      clearTimeout(deadline);
      request.signal.removeEventListener('abort', onAbort);
    };
    const fail = (reason: HandshakeFailure, message: string) => {
      if (settled) return;
      settle();
      socket.destroy(message);
      reject(new HandshakeError(reason, message));
    };
    const succeed = (granted: SessionGrant) => {
      settle();
      resolve({ socket, grant: granted, sentAt });
    };
    const onAbort = () => {
      fail('ABORTED', 'given up');
    };
    const onGrant = (granted: SessionGrant) => {
      if (granted.timeoutMs <= 0) {
        fail('SESSION_EXPIRED', 'the server says that the session has expired');
        return;
      }
      grant = granted;
      if (request.auth === undefined) succeed(granted);
      else socket.write(authPacket(request.auth));
    };

    const socket = openSocket(request, {
      onOpen: () => {
        sentAt = performance.now();
        socket.write(connectRequest(request));
      },
      onFrame: (frame) => {
        if (settled) return;
        if (grant === undefined) onGrant(grantOf(frame));
        else if (authAccepted(frame)) succeed(grant);
        else
          fail('AUTH_FAILED', `the server refused the credentials of scheme ${request.auth?.scheme ?? ''}`);
      },
      onEnd: (why) => {
        fail(socket.endKind, inWords(socket.endKind, why, request));
      },
    });
    const deadline = setTimeout(() => {
      const reason = socket.reached ? 'MUTE' : 'UNREACHABLE';
      fail(reason, `no ${socket.reached ? 'answer' : 'connection'} within ${request.deadlineMs} ms`);
    }, request.deadlineMs);
    if (request.signal.aborted) onAbort();
    else request.signal.addEventListener('abort', onAbort);
  });
}

function openSocket({ server, tls }: HandshakeRequest, listener: FrameListener): FrameSocket {
  try {
    return new FrameSocket(server, tls?.(), listener);
  } catch (error) {
    throw new HandshakeError('TLS_FAILED', `our own side of TLS is not in order: ${errorMessage(error)}`);
  }
}

function inWords(kind: EndKind, why: string, { tls }: HandshakeRequest): string {
  if (kind === 'TURNED_AWAY' && tls === undefined)
    return `${why} without an answer: it serves nobody at the moment, or only those who speak TLS`;
  return why;
}

function connectRequest({ resume, ...request }: HandshakeRequest): Buffer {
  return new Request(
    null,
    new protocol.ConnectRequest(
      PROTOCOL_VERSION,
      Buffer.from(request.lastZxid, 'hex'),
      request.sessionTimeoutMs,
      resume?.sessionId ?? Buffer.alloc(8),
      resume?.password ?? Buffer.alloc(16),
    ),
  ).toBuffer();
}

function grantOf(frame: Buffer): SessionGrant {
  const response = new protocol.ConnectResponse();
  response.deserialize(frame, 0);
  return { sessionId: response.sessionId, password: response.passwd, timeoutMs: response.timeOut };
}

function authPacket(auth: { readonly scheme: string; readonly credentials: string }): Buffer {
  return new Request(
    new protocol.RequestHeader(XID_AUTHENTICATION, OP_CODES.AUTH),
    new protocol.AuthPacket(0, auth.scheme, Buffer.from(auth.credentials)),
  ).toBuffer();
}

function authAccepted(frame: Buffer): boolean {
  const header = new protocol.ReplyHeader();
  header.deserialize(frame, 0);
  if (header.xid !== XID_AUTHENTICATION) throw new Error('not the answer to the credentials');
  if (header.err !== 0 && header.err !== Exception.AUTH_FAILED) throw new Error(`error ${header.err}`);
  return header.err === 0;
}
