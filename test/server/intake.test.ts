import zlib from 'node:zlib';
import { RequestBody } from '../../src/handlers/data-plane';
import { decodeBody } from '../../src/server/content-coding';
import { Intake } from '../../src/server/intake';
import { eventually } from '../support/eventually';
import { echo } from './fake-plane';
import { INFER, post, RawConnection, type RawAnswer } from './raw-connection';
import { metricsOf, serving } from './serving';

const MIB = 2 ** 20;
/** Some thousand bytes, two MiB when decompressed. */
const BOMB = zlib.gzipSync(Buffer.alloc(2 * MIB, 32), { level: 9 });

describe('the intake', () => {
  test('counts what goes beyond the first 64 KiB of each, up to its limit, until it is released', () => {
    const intake = new Intake(100_000);
    const share = intake.open();
    share.take(60_000);
    expect(intake.bytes).toBe(0);
    share.take(90_000);
    expect(intake.bytes).toBeGreaterThanOrEqual(150_000 - 65_536);
    const other = intake.open();
    other.take(60_000);
    expect(() => {
      other.take(30_000);
    }).toThrow(/more do not fit into 100000/);
    share.release();
    share.release();
    expect(intake.bytes).toBe(0);
    other.take(30_000);
    other.release();
    expect(intake.bytes).toBe(0);
  });

  test('many small pieces take more than their bytes', () => {
    const intake = new Intake(1_000_000);
    const share = intake.open();
    for (let n = 0; n < 1000; n += 1) share.take(1);
    expect(intake.bytes).toBeGreaterThan(400_000);
  });

  test('bombs that go off together stay within it', async () => {
    const intake = new Intake(8 * MIB);
    const shares = Array.from({ length: 20 }, () => intake.open());
    const seen: number[] = [];
    const settled = await Promise.allSettled(
      shares.map(async (share) => {
        try {
          return await decodeBody(
            RequestBody.of(BOMB),
            'gzip',
            { limit: 4 * MIB, share },
            new AbortController().signal,
          );
        } catch (error) {
          seen.push(intake.bytes);
          share.release();
          throw error;
        }
      }),
    );
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(4);
    expect(settled).toContainEqual(expect.objectContaining({ status: 'fulfilled' }));
    for (const one of settled)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'INTAKE_FULL' });
    expect(Math.max(...seen)).toBeLessThanOrEqual(8 * MIB);
    for (const share of shares) share.release();
    expect(intake.bytes).toBe(0);
  });

  test('a client that goes while its body is decompressed ends that', async () => {
    const share = new Intake(8 * MIB).open();
    const client = new AbortController();
    const body = decodeBody(RequestBody.of(BOMB), 'gzip', { limit: 4 * MIB, share }, client.signal);
    client.abort();
    await expect(body).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    await expect(
      decodeBody(RequestBody.of(BOMB), 'gzip', { limit: 4 * MIB, share }, client.signal),
    ).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  });
});

test('bodies that stall keep out large ones but no small ones, until their clients go', async () => {
  await using s = await serving({ bodyLimitBytes: 2 * MIB, limits: { intakeBytes: 0 } });
  const stalled: RawConnection[] = [];
  const stall = async (): Promise<void> => {
    const connection = await RawConnection.open(s.server.port);
    stalled.push(connection);
    connection.write(`POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: ${2 * MIB}\r\n\r\n`);
    connection.write(Buffer.alloc(2 * MIB - 1, 32));
  };
  const bomb = async (): Promise<RawAnswer> => {
    using connection = await RawConnection.open(s.server.port);
    connection.write(
      `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: ${BOMB.byteLength}\r\n\r\n`,
    );
    return await connection.write(BOMB).answer();
  };
  const refused = await eventually(
    async () => {
      await stall();
      return bomb();
    },
    ({ status }) => status === 503,
  );
  expect(refused).toMatchObject({
    headers: { 'retry-after': '1' },
    body: expect.stringContaining(`more do not fit into ${8 * MIB}`) as string,
  });
  using small = await RawConnection.open(s.server.port);
  expect((await small.write(post(INFER, '{}')).answer()).status).toBe(200);

  for (const { socket } of stalled) socket.destroy();
  await eventually(async () => (await metricsOf(s)).includes('status="499"}'));
  await eventually(bomb, ({ status }) => status === 200);
});

test('a client that goes while its body is decompressed stops that, and what it took is given back', async () => {
  const size = 128 * MIB;
  const body = zlib.gzipSync(Buffer.alloc(size, 32), { level: 1 });
  await using s = await serving({ bodyLimitBytes: size, limits: { intakeBytes: 0 } });
  using connection = await RawConnection.open(s.server.port);
  const { take } = Intake.prototype;
  const taken = jest.spyOn(Intake.prototype, 'take').mockImplementation(function (this: Intake, bytes) {
    take.call(this, bytes);
    // More than was sent: it is being decompressed.
    if (this.bytes > 8 * MIB) connection.socket.destroy();
  });
  try {
    connection.write(
      `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: ${body.byteLength}\r\n\r\n`,
    );
    connection.write(body);
    await eventually(async () => (await metricsOf(s)).includes('status="499"} 1'));
    const [intake] = taken.mock.contexts as Intake[];
    expect(intake?.bytes).toBe(0);
    expect(taken.mock.calls.reduce((all, [bytes]) => all + bytes, 0)).toBeLessThan(size / 2);
    expect(s.plane.asked).toEqual([]);
  } finally {
    taken.mockRestore();
  }
});

test('what a model has in hand is not counted beside it, before it is answered as well', async () => {
  await using s = await serving({ bodyLimitBytes: 2 * MIB, limits: { intakeBytes: 0 } });
  let answer = (): void => undefined;
  const answering = new Promise<void>((resolve) => (answer = resolve));
  s.plane.answer = async (request) => {
    await answering;
    return { ...echo(request), body: Buffer.from('{}') };
  };
  const body = ' '.repeat(2 * MIB);
  const connections: RawConnection[] = [];
  // One after the other, and more together than the 8 MiB that it may be.
  while (connections.length < 6) {
    const connection = await RawConnection.open(s.server.port);
    connections.push(connection.write(post(INFER, body)));
    await eventually(() => s.plane.asked.length === connections.length);
  }
  answer();
  for (const connection of connections) {
    expect((await connection.answer()).status).toBe(200);
    connection.socket.destroy();
  }
});

test('a body in many small pieces is handed on as one', async () => {
  await using s = await serving();
  using connection = await RawConnection.open(s.server.port);
  connection.write(`POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
  connection.write('1\r\nx\r\n'.repeat(100) + '0\r\n\r\n');
  expect((await connection.answer()).body).toBe('x'.repeat(100));
  expect(s.plane.asked[0]!.request.body.pieces).toHaveLength(1);
});
