import { FrameReader, MAX_FRAME_BYTES } from '../../src/streams/frames';

function framed(...bodies: string[]): Buffer {
  return Buffer.concat(
    bodies.map((body) => {
      const frame = Buffer.alloc(4 + body.length);
      frame.writeInt32BE(body.length, 0);
      frame.write(body, 4);
      return frame;
    }),
  );
}

describe('FrameReader', () => {
  it.each([1, 2, 3, 4, 5, 7, 100])('finds the frames in chunks of %d bytes', (size) => {
    const bytes = framed('one', '', 'three', 'x'.repeat(50));
    const reader = new FrameReader();
    const seen: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      seen.push(...reader.push(bytes.subarray(at, at + size)).map((frame) => frame.toString()));
    }
    expect(seen).toEqual(['one', '', 'three', 'x'.repeat(50)]);
  });

  it('reads thousands of frames in one chunk, and a long frame in thousands of chunks, in no time', () => {
    const startedAt = performance.now();
    expect(new FrameReader().push(framed(...Array<string>(50_000).fill('ping')))).toHaveLength(50_000);
    const long = framed('x'.repeat(8_000_000));
    const reader = new FrameReader();
    const frames: Buffer[] = [];
    for (let at = 0; at < long.length; at += 1000) frames.push(...reader.push(long.subarray(at, at + 1000)));
    expect(frames.map(({ length }) => length)).toEqual([8_000_000]);
    // Copying what is left over each time would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it.each([-1, MAX_FRAME_BYTES + 1, Buffer.from('HTTP').readInt32BE()])(
    'refuses a length of %d',
    (length) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(length);
      expect(() => new FrameReader().push(bytes)).toThrow(`a frame of ${length} bytes was announced`);
    },
  );
});
