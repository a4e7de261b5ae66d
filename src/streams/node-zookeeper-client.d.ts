/**
 * The part of node-zookeeper-client 1.1.3 that this project uses, as its source has it; by file, since its main one loads
 * a client as well that is not used.
 */

declare module 'node-zookeeper-client/lib/ACL' {
  const ACL: new (
    permission: number,
    id: import('node-zookeeper-client/lib/Id'),
  ) => import('node-zookeeper-client/lib/jute').Acl;
  export = ACL;
}

declare module 'node-zookeeper-client/lib/Id' {
  class Id {
    constructor(scheme: string, id: string);
    readonly scheme: string;
    readonly id: string;
  }
  export = Id;
}

declare module 'node-zookeeper-client/lib/CreateMode' {
  const CreateMode: Readonly<
    Record<'PERSISTENT' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL' | 'EPHEMERAL_SEQUENTIAL', number>
  >;
  export = CreateMode;
}

declare module 'node-zookeeper-client/lib/Event' {
  const Event: Readonly<
    Record<'NODE_CREATED' | 'NODE_DELETED' | 'NODE_DATA_CHANGED' | 'NODE_CHILDREN_CHANGED', number>
  >;
  export = Event;
}

declare module 'node-zookeeper-client/lib/Exception' {
  /** Codes by name; its `create` throws for the codes it does not know and is not used. */
  const Exception: Readonly<
    Record<
      | 'CONNECTION_LOSS'
      | 'MARSHALLING_ERROR'
      | 'UNIMPLEMENTED'
      | 'OPERATION_TIMEOUT'
      | 'BAD_ARGUMENTS'
      | 'RUNTIME_INCONSISTENCY'
      | 'NO_NODE'
      | 'NO_AUTH'
      | 'BAD_VERSION'
      | 'NO_CHILDREN_FOR_EPHEMERALS'
      | 'NODE_EXISTS'
      | 'NOT_EMPTY'
      | 'SESSION_EXPIRED'
      | 'INVALID_ACL'
      | 'AUTH_FAILED',
      number
    >
  >;
  export = Exception;
}

declare module 'node-zookeeper-client/lib/jute' {
  export const PROTOCOL_VERSION: number;
  export const XID_NOTIFICATION: number;
  export const XID_PING: number;
  export const XID_AUTHENTICATION: number;
  export const OP_CODES: Readonly<
    Record<
      | 'CREATE'
      | 'DELETE'
      | 'EXISTS'
      | 'GET_DATA'
      | 'SET_DATA'
      | 'SYNC'
      | 'PING'
      | 'GET_CHILDREN2'
      | 'CHECK'
      | 'MULTI'
      | 'AUTH'
      | 'CLOSE_SESSION'
      | 'ERROR',
      number
    >
  >;

  export interface Acl {
    toRecord(): WireRecord;
  }

  type WireRecord = import('./wire-record').WireRecord;
  type StatRecord = import('./wire-record').StatRecord;

  export interface RequestHeaderRecord extends WireRecord {
    readonly xid: number;
    readonly type: number;
  }

  export namespace protocol {
    const ConnectRequest: new (
      protocolVersion: number,
      lastZxidSeen: Buffer,
      timeOut: number,
      sessionId: Buffer,
      password: Buffer,
    ) => WireRecord;
    const ConnectResponse: new () => WireRecord & {
      readonly timeOut: number;
      readonly sessionId: Buffer;
      readonly passwd: Buffer;
    };
    const RequestHeader: new (xid: number, type: number) => RequestHeaderRecord;
    const ReplyHeader: new () => WireRecord & {
      readonly xid: number;
      readonly zxid: Buffer;
      readonly err: number;
    };
    const AuthPacket: new (type: number, scheme: string, auth: Buffer) => WireRecord;
    const CreateRequest: new (
      path: string,
      data: Buffer,
      acl: readonly WireRecord[],
      flags: number,
    ) => WireRecord;
    const CreateResponse: new () => WireRecord & { readonly path: string };
    const DeleteRequest: new (path: string, version: number) => WireRecord;
    const CheckVersionRequest: new (path: string, version: number) => WireRecord;
    const GetChildren2Request: new (path: string, watch: boolean) => WireRecord;
    const GetChildren2Response: new () => WireRecord & {
      readonly children: readonly string[] | undefined;
      readonly stat: StatRecord;
    };
    const ExistsRequest: new (path: string, watch: boolean) => WireRecord;
    const ExistsResponse: new () => WireRecord & { readonly stat: StatRecord };
    const SetDataRequest: new (path: string, data: Buffer, version: number) => WireRecord;
    const SetDataResponse: new () => WireRecord & { readonly stat: StatRecord };
    const GetDataRequest: new (path: string, watch: boolean) => WireRecord;
    const GetDataResponse: new () => WireRecord & {
      readonly data: Buffer | undefined;
      readonly stat: StatRecord;
    };
    const GetACLRequest: new (path: string) => WireRecord;
    const WatcherEvent: new () => WireRecord & { readonly type: number; readonly path: string };
  }

  /** `header` or `payload` may be null. */
  export class Request {
    constructor(header: RequestHeaderRecord | null, payload: WireRecord | null);
    /** The whole frame, its length in front. */
    toBuffer(): Buffer;
  }

  export type TransactionOpRecord =
    | { type: number; path: string; data: Buffer; acls: readonly Acl[]; mode: number }
    | { type: number; path: string; data: Buffer; version: number }
    | { type: number; path: string; version: number };

  export class TransactionRequest implements WireRecord {
    constructor(ops: readonly TransactionOpRecord[]);
    setChrootPath(path: string): void;
    byteLength(): number;
    serialize(buffer: Buffer, offset: number): number;
    deserialize(buffer: Buffer, offset: number): number;
  }

  export class TransactionResponse implements WireRecord {
    readonly results: readonly { readonly type: number; readonly err?: number }[];
    setChrootPath(path: string): void;
    byteLength(): number;
    serialize(buffer: Buffer, offset: number): number;
    deserialize(buffer: Buffer, offset: number): number;
  }
}
