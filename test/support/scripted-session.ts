import { openSession, type SessionOptions, type ZooKeeperSession } from '../../src/streams/session';
import { ScriptedZooKeeper, type Received, type ScriptedConnection } from './scripted-zookeeper';

export const OP = { CREATE: 1, EXISTS: 3, GET_DATA: 4, SYNC: 9, PING: 11, AUTH: 100, CLOSE: -11 };
export const NO_NODE = -101;
export const NO_AUTH = -102;
/** The length of a znode's record; all zeros will do for one. */
export const STAT_BYTES = 68;

/** A server that grants sessions, answers what keeps one going, and leaves the rest to `answer`. */
export function startObliging(
  answer: (received: Received, connection: ScriptedConnection) => void = () => undefined,
  timeoutMs = 2000,
): Promise<ScriptedZooKeeper> {
  return ScriptedZooKeeper.start((received, connection) => {
    if (received.kind === 'connect') connection.grant(timeoutMs);
    else if ([OP.PING, OP.CLOSE, OP.SYNC].includes(received.opcode)) connection.reply(received.xid, 0);
    else answer(received, connection);
  });
}

export function openScripted(
  server: ScriptedZooKeeper,
  options: Partial<SessionOptions> = {},
): ZooKeeperSession {
  return openSession({ connectString: server.connectString, sessionTimeoutMs: 2000, ...options });
}

/** The frame that says that the data of `path` have changed. */
export function notification(path: string): Buffer {
  const frame = Buffer.alloc(4 + 16 + 12 + path.length);
  frame.writeInt32BE(frame.length - 4, 0);
  frame.writeInt32BE(-1, 4);
  frame.writeBigInt64BE(-1n, 8);
  frame.writeInt32BE(3, 20);
  frame.writeInt32BE(3, 24);
  frame.writeInt32BE(path.length, 28);
  frame.write(path, 32);
  return frame;
}
