import type { StatRecord } from './wire-record';
import { zxidOf } from './zxid';

/**
 * ZooKeeper's own record of a znode. (`czxid`, `mzxid`) names one content of one znode for ever; `version`
 * does not, since it restarts when a znode is deleted and created again (CURATOR-391).
 */
export interface Stat {
  readonly czxid: string;
  readonly mzxid: string;
  /** zxid of the last change to the list of children. */
  readonly pzxid: string;
  /** Milliseconds since 1970 by the leader's clock. */
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Session id of the owner in 16 hex digits; all zeros: persistent. */
  readonly ephemeralOwner: string;
  readonly dataLength: number;
  readonly numChildren: number;
}

export function statOf(record: StatRecord): Stat {
  return {
    czxid: zxidOf(record.czxid),
    mzxid: zxidOf(record.mzxid),
    pzxid: zxidOf(record.pzxid),
    ctime: Number(record.ctime.readBigInt64BE()),
    mtime: Number(record.mtime.readBigInt64BE()),
    version: record.version,
    cversion: record.cversion,
    aversion: record.aversion,
    ephemeralOwner: record.ephemeralOwner.toString('hex'),
    dataLength: record.dataLength,
    numChildren: record.numChildren,
  };
}
