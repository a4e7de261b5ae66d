import { types } from 'node:util';
import { ZooKeeperError } from '../errors';

/**
 * The bytes of `data`, not copied. Throws `BAD_ARGUMENTS` for what is no Uint8Array, which JavaScript may hand over.
 *
 * @param path of the znode that they are for
 */
export function checkedData(path: string, data: unknown): Buffer {
  if (!types.isUint8Array(data)) {
    const kind = Object.prototype.toString.call(data);
    const right = 'a Uint8Array, such as Buffer.from(text)';
    throw new ZooKeeperError('BAD_ARGUMENTS', `the data for ${path} are ${kind}; they have to be ${right}`, {
      path,
      mayHaveHappened: false,
      retryable: false,
    });
  }
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
