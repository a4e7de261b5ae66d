import zlib from 'node:zlib';
import { RequestError } from '../../src/errors';
import { RequestBody } from '../../src/handlers/data-plane';
import {
  contentCoding,
  decodeBody as decode,
  encodeBody,
  wantedCoding,
  type Coding,
} from '../../src/server/content-coding';
import { Intake } from '../../src/server/intake';

const TEXT = Buffer.from('0.25,'.repeat(1000));

async function decodeBody(body: Buffer, coding: Coding, limit: number): Promise<Buffer> {
  const share = new Intake(1_000_000_000).open();
  const decoded = await decode(RequestBody.of(body), coding, { limit, share }, new AbortController().signal);
  return decoded.joined();
}

describe('content-encoding', () => {
  test.each([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    [' GZIP ', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate', 'deflate'],
  ])('%p is %p', (header, coding) => {
    expect(contentCoding(header)).toBe(coding);
  });

  test.each(['br', 'gzip, gzip', 'compress', '*'])('%p is refused', (header) => {
    expect(() => contentCoding(header)).toThrow(RequestError);
    expect(() => contentCoding(header)).toThrow(/use gzip, deflate or none/);
  });
});

describe('decodeBody', () => {
  test.each<[Coding, Buffer]>([
    ['gzip', zlib.gzipSync(TEXT)],
    ['deflate', zlib.deflateSync(TEXT)],
  ])('%s gives the bytes that were coded', async (coding, coded) => {
    expect((await decodeBody(coded, coding, TEXT.byteLength)).equals(TEXT)).toBe(true);
  });

  test('one byte over the limit is refused', async () => {
    await expect(decodeBody(zlib.gzipSync(TEXT), 'gzip', TEXT.byteLength - 1)).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
    });
  });

  test('a bomb is given up at the limit, long before it has gone off', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(200_000_000), { level: 9 });
    const before = process.memoryUsage().rss;
    await expect(decodeBody(bomb, 'gzip', 100_000)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  test.each<[Coding, Buffer]>([
    ['gzip', TEXT],
    ['gzip', zlib.gzipSync(TEXT).subarray(0, 20)],
    ['deflate', zlib.gzipSync(TEXT)],
    ['gzip', Buffer.alloc(0)],
  ])('what is not %s is bad input', async (coding, body) => {
    await expect(decodeBody(body, coding, 1_000_000)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining(`not valid ${coding}`) as string,
    });
  });
});

describe('accept-encoding', () => {
  test.each([
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['gzip, deflate, br', 'gzip'],
    ['deflate;q=0.5, gzip;q=0.8', 'gzip'],
    ['gzip;q=0', undefined],
    ['GZIP; Q=0.1', 'gzip'],
    ['br, identity', undefined],
    ['gzip;q=nonsense', undefined],
    ['', undefined],
  ])('%p wants %p', (header, coding) => {
    expect(wantedCoding(header)).toBe(coding);
  });

  test('an answer is compressed when it is large enough to gain by it', async () => {
    const { body, coding } = await encodeBody(TEXT, 'deflate');
    expect(coding).toBe('deflate');
    expect(zlib.inflateSync(body).equals(TEXT)).toBe(true);
    expect(await encodeBody(TEXT.subarray(0, 1000), 'gzip')).toEqual({
      body: TEXT.subarray(0, 1000),
      coding: undefined,
    });
  });
});
