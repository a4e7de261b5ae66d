/**
 * The records of node-zookeeper-client as far as this room names them in what it declares: programs that import this
 * package can be type-checked without declarations of that one.
 */

/** What goes over the wire; the chroot is put before, and taken off, the fields called `path`. */
export interface WireRecord {
  setChrootPath(path: string): void;
  byteLength(): number;
  serialize(buffer: Buffer, offset: number): number;
  /** Returns the number of bytes read; throws where the bytes do not fit. */
  deserialize(buffer: Buffer, offset: number): number;
}

/** Longs are buffers of 8 bytes, big-endian. */
export interface StatRecord extends WireRecord {
  readonly czxid: Buffer;
  readonly mzxid: Buffer;
  readonly pzxid: Buffer;
  readonly ctime: Buffer;
  readonly mtime: Buffer;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: Buffer;
  readonly dataLength: number;
  readonly numChildren: number;
}
