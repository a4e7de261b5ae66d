import { types } from 'node:util';
import { MessageChannel } from 'node:worker_threads';

/** Below this a buffer is left to the garbage collector; small ones may share Node's pool, which cannot be detached. */
const WORTH_IT_BYTES = 64 * 1024;

/**
 * Frees the memory behind `bytes` now; nobody may read them afterwards. A worker that has loaded its model makes
 * little garbage, so the collector might leave a file of hundreds of megabytes in memory for hours.
 */
export function giveBack(bytes: Buffer): void {
  const { buffer } = bytes;
  if (!types.isArrayBuffer(buffer)) return;
  if (buffer.byteLength < WORTH_IT_BYTES || buffer.byteLength !== bytes.byteLength) return;
  // What is transferred to a port that nobody reads is dropped with it.
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.postMessage(undefined, [buffer]);
  port1.close();
}
