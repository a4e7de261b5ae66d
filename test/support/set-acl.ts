import type { AclEntry } from '../../src/acl';
import { Connection } from '../../src/streams/connection';
import { handshake } from '../../src/streams/handshake';
import { ZERO_ZXID } from '../../src/streams/zxid';

const SET_ACL = 7;

/** Changes who may do what with a znode, at the server on `port`, as whoever `credentials` are, which notifies nobody. */
export async function setAcl(
  port: number,
  credentials: string,
  path: string,
  acl: readonly AclEntry[],
): Promise<void> {
  const established = await handshake({
    server: { host: '127.0.0.1', port },
    lastZxid: ZERO_ZXID,
    resume: undefined,
    sessionTimeoutMs: 2000,
    auth: { scheme: 'digest', credentials },
    tls: undefined,
    deadlineMs: 5000,
    signal: new AbortController().signal,
  });
  const nobody = { onNotification: () => undefined, onEnd: () => undefined };
  const connection = new Connection(established, ZERO_ZXID, '', nobody);
  const request = Buffer.concat([
    text(path),
    int(acl.length),
    ...acl.flatMap(({ permissions, scheme, id }) => [int(permissions), text(scheme), text(id)]),
    int(-1),
  ]);
  const payload = {
    setChrootPath: () => undefined,
    byteLength: () => request.length,
    serialize: (buffer: Buffer, offset: number) => request.copy(buffer, offset),
    deserialize: () => 0,
  };
  const { err } = await connection.send(SET_ACL, payload, null, {
    operation: 'set the ACL of',
    path,
    write: true,
  });
  await connection.closeSession(2000);
  if (err !== 0) throw new Error(`the access list of ${path} was not set: ZooKeeper code ${err}`);
}

function int(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);
}
