import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { request } from 'undici';
import { IRIS, irisVersion } from '../support/infer';
import { startIris } from '../support/iris-replica';
import type { ServeProcess } from '../support/serve-process';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const ROWS = 100;
const BODY_LIMIT = 1024 * 1024;

let zookeeper: ZooKeeperPlace;
let replica: ServeProcess;
beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  replica = await startIris(zookeeper.connectString, '--body-limit', String(BODY_LIMIT));
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

const CODINGS = [
  ['gzip', zlib.gzipSync],
  ['deflate', zlib.deflateSync],
] as const;

/** Rows of the held-out flowers, again and again. */
const values = Array.from({ length: ROWS }, (_, n) => IRIS.rows[n % IRIS.rows.length] ?? []).flat();
const tensor = Buffer.alloc(values.length * 4);
values.forEach((value, n) => tensor.writeFloatLE(value, n * 4));

/** The JSON of a request, followed by as many spaces. */
function json(spaces = 0, bytes = tensor.byteLength): Buffer {
  const input = {
    name: 'input',
    datatype: 'FP32',
    shape: [ROWS, 4],
    parameters: { binary_data_size: bytes },
  };
  const text = JSON.stringify({ id: 'one', inputs: [input], parameters: { binary_data_output: true } });
  return Buffer.from(text + ' '.repeat(spaces));
}

interface Sent {
  readonly coding?: string;
  readonly jsonLength?: number;
  readonly acceptEncoding?: string;
}

async function send(body: Buffer | Readable, { coding, jsonLength, acceptEncoding }: Sent = {}) {
  const headers: Record<string, string> = {};
  if (coding !== undefined) headers['content-encoding'] = coding;
  if (jsonLength !== undefined) headers['inference-header-content-length'] = String(jsonLength);
  if (acceptEncoding !== undefined) headers['accept-encoding'] = acceptEncoding;
  const answer = await request(`${replica.url}/v2/models/iris/infer`, { method: 'POST', body, headers });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  return { status: answer.statusCode, headers: answer.headers, bytes };
}

async function refusal(...sent: Parameters<typeof send>): Promise<string> {
  const { status, headers, bytes } = await send(...sent);
  expect(headers['content-type']).toBe('application/json');
  return `${status} ${bytes.toString()}`;
}

const plain = () => send(Buffer.concat([json(), tensor]), { jsonLength: json().byteLength });

describe.each(CODINGS)('%s: a request with binary tensors', (coding, compress) => {
  const whole = Buffer.concat([json(), tensor]);
  const compressed = compress(whole);
  const jsonLength = json().byteLength;

  test('is answered as if it had not been compressed, byte for byte', async () => {
    const expected = await plain();
    expect(expected.status).toBe(200);
    expect(Number(expected.headers['inference-header-content-length'])).toBeLessThan(
      expected.bytes.byteLength,
    );
    const answer = await send(compressed, { coding, jsonLength });
    expect(answer.status).toBe(200);
    expect(answer.bytes.equals(expected.bytes)).toBe(true);
    const chunked = await send(Readable.from([compressed.subarray(0, 99), compressed.subarray(99)]), {
      coding,
      jsonLength,
    });
    expect(chunked.bytes.equals(expected.bytes)).toBe(true);
  });

  test('has its JSON counted as it is when decompressed, more than were sent if need be', async () => {
    const roomy = json(100_000);
    const body = compress(Buffer.concat([roomy, tensor]));
    expect(body.byteLength).toBeLessThan(roomy.byteLength);
    const answer = await send(body, { coding, jsonLength: roomy.byteLength });
    expect(answer.status).toBe(200);
    expect(answer.bytes.equals((await plain()).bytes)).toBe(true);
  });

  test('gets its binary answer compressed when it asks, with the length of its JSON before that', async () => {
    const answer = await send(compressed, { coding, jsonLength, acceptEncoding: coding });
    expect(answer.headers['content-encoding']).toBe(coding);
    const bytes = zlib.unzipSync(answer.bytes);
    const expected = await plain();
    expect(bytes.equals(expected.bytes)).toBe(true);
    expect(answer.headers['inference-header-content-length']).toBe(
      expected.headers['inference-header-content-length'],
    );
  });

  test('is refused when its JSON is longer than all of it', async () => {
    const text = await refusal(compressed, { coding, jsonLength: whole.byteLength + 1 });
    expect(text).toContain(`is ${whole.byteLength + 1}, but the body has ${whole.byteLength} bytes`);
    expect(text).toMatch(/^400 /);
  });

  test('is refused when the length of its JSON is that of compressed bytes', async () => {
    expect(await refusal(compressed, { coding, jsonLength: compress(json()).byteLength })).toMatch(/^400 /);
  });

  test('is refused when its tensors are shorter or longer than they say', async () => {
    for (const bytes of [tensor.subarray(4), Buffer.concat([tensor, tensor])]) {
      const text = await refusal(compress(Buffer.concat([json(), bytes])), { coding, jsonLength });
      expect(text).toMatch(/^400 /);
      expect(text).toContain(`${tensor.byteLength}`);
    }
  });

  test('is refused when it is damaged, cut short, not compressed or otherwise so', async () => {
    const damaged = Buffer.from(compressed);
    damaged.fill(0xff, 30, 60);
    const wrongSum = Buffer.from(compressed);
    wrongSum.writeUInt8(wrongSum.readUInt8(wrongSum.length - 5) ^ 1, wrongSum.length - 5);
    const other = coding === 'gzip' ? zlib.deflateSync(whole) : zlib.gzipSync(whole);
    const bad = {
      damaged,
      short: compressed.subarray(0, -1),
      half: compressed.subarray(0, 200),
      whole,
      other,
    };
    const raw = zlib.deflateRawSync(whole);
    for (const body of [...Object.values(bad), raw, Buffer.alloc(0)]) {
      const text = await refusal(body, { coding, jsonLength });
      expect(text).toMatch(new RegExp(`^400 .*the body is not valid ${coding}`));
    }
    expect(await refusal(wrongSum, { coding, jsonLength })).toMatch(/^400 /);
  });

  test('is refused when only its JSON is compressed, and its tensors follow as they are', async () => {
    const text = await refusal(Buffer.concat([compress(json()), tensor]), { coding, jsonLength });
    expect(text).toMatch(/^400 /);
  });

  test('is refused when it is a bomb, long before that has gone off', async () => {
    const before = peakBytes();
    const bomb = compress(Buffer.concat([json(), Buffer.alloc(200_000_000)]), { level: 9 });
    expect(bomb.byteLength).toBeLessThan(BODY_LIMIT);
    const text = await refusal(bomb, { coding, jsonLength });
    expect(text).toMatch(
      /^413 .*more than the 1048576 bytes that are accepted \(--body-limit\), decompressed/,
    );
    expect(peakBytes() - before).toBeLessThan(50_000_000);
  });

  afterEach(async () => {
    expect(await irisVersion(replica.url)).toBe('1');
  });
});

/** The most memory that the replica ever took. */
function peakBytes(): number {
  const status = readFileSync(`/proc/${replica.child.pid ?? 0}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
