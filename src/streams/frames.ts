/**
 * The longest frame taken from a server. Lists of children may well be longer than the 1 MiB that a server takes
 * in one request; a length far beyond it means that the other end is no ZooKeeper (an HTTP server's "HTTP" reads
 * as 1.2 GB).
 */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** Cuts a stream of bytes into frames: four bytes of length, big-endian, then so many bytes. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #needed = 4;

  /** The frames that are whole with `chunk`, without their lengths. Throws on a length that cannot be one. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    // Joined only once there is enough, so that a long frame in many chunks is copied once.
    if (this.#buffered < this.#needed) return [];
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const frames: Buffer[] = [];
    for (;;) {
      this.#needed = rest.length < 4 ? 4 : 4 + frameLength(rest);
      if (rest.length < this.#needed) break;
      frames.push(rest.subarray(4, this.#needed));
      rest = rest.subarray(this.#needed);
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#buffered = rest.length;
    return frames;
  }
}

function frameLength(bytes: Buffer): number {
  const length = bytes.readInt32BE(0);
  if (length < 0 || length > MAX_FRAME_BYTES) {
    throw new Error(`a frame of ${length} bytes was announced: this is no ZooKeeper server`);
  }
  return length;
}
