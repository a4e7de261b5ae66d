/**
 * A zxid is the number that ZooKeeper gives to every change of an ensemble, in one global order. Everywhere in
 * this project it is a string of 16 lower-case hex digits, so that comparing strings compares numbers.
 */

export const ZERO_ZXID = '0'.repeat(16);

/** The zxid in 8 bytes, big-endian, as they are on the wire. */
export function zxidOf(bytes: Buffer): string {
  return bytes.toString('hex');
}

/**
 * The larger of two zxids. ZooKeeper writes zero or a negative number where it has no zxid to give (the header
 * of a notification says -1): those never count.
 */
export function laterZxid(known: string, heard: string): string {
  return heard > known && heard < '8' ? heard : known;
}
