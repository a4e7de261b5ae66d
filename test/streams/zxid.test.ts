import { laterZxid, ZERO_ZXID, zxidOf } from '../../src/streams/zxid';

describe('a zxid', () => {
  it('is 16 hex digits in numeric order', () => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(0x1_0000_00ffn);
    expect(zxidOf(bytes)).toBe('00000001000000ff');
  });

  it('grows only, and never by what a notification has in its place', () => {
    expect(laterZxid(ZERO_ZXID, '00000001000000ff')).toBe('00000001000000ff');
    expect(laterZxid('00000001000000ff', '00000001000000fe')).toBe('00000001000000ff');
    expect(laterZxid('00000001000000ff', ZERO_ZXID)).toBe('00000001000000ff');
    expect(laterZxid('00000001000000ff', 'f'.repeat(16))).toBe('00000001000000ff');
  });
});
