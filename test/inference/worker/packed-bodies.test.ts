import { BodyPacker, unpackBodies } from '../../../src/inference/worker/packed-bodies';

describe('packed bodies', () => {
  const bodies = [
    { bytes: Buffer.from('{}'), jsonLength: -1, tag: 7 },
    { bytes: Buffer.alloc(0), jsonLength: -1, tag: 0 },
    { bytes: Buffer.from('{"a":1}12345678'), jsonLength: 7, tag: 3 },
    { bytes: Buffer.from('12345678'), jsonLength: 0, tag: 0 },
    { bytes: Buffer.from('{"ab":12}'), jsonLength: 9, tag: 0 },
  ];
  const packer = new BodyPacker(
    bodies.length,
    bodies.reduce((sum, { bytes }) => sum + bytes.length, 0),
  );
  for (const { bytes, jsonLength, tag } of bodies) {
    Buffer.from(packer.buffer).set(bytes, packer.place(bytes.length, jsonLength, tag));
  }
  const unpacked = unpackBodies(packer.buffer);

  it('come back as they were put in, with their numbers', () => {
    expect(
      unpacked.map(({ offset, length, jsonLength, tag }) => ({
        bytes: Buffer.from(packer.buffer.slice(offset, offset + length)),
        jsonLength,
        tag,
      })),
    ).toEqual(bodies);
  });

  it('have their binary tensors where arrays of numbers may lie', () => {
    const binary = unpacked.filter(({ jsonLength }) => jsonLength >= 0);
    expect(binary.map(({ offset, jsonLength }) => (offset + jsonLength) % 8)).toEqual([0, 0, 0]);
  });

  it('may be none', () => {
    expect(unpackBodies(new BodyPacker(0, 0).buffer)).toEqual([]);
  });
});
