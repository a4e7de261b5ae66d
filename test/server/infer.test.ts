import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { request } from 'undici';
import { RequestError, type RequestErrorCode } from '../../src/errors';
import { eventually } from '../support/eventually';
import { BODY_LIMIT, metricsOf, serving, type Serving } from './serving';
import { echo, ZXID } from './fake-plane';
import { INFER } from './raw-connection';

let s: Serving;
beforeEach(async () => {
  s = await serving();
});
afterEach(() => s[Symbol.asyncDispose]());

async function infer(body: string | Buffer, headers: Record<string, string> = {}, path = INFER) {
  const answer = await request(`${s.server.url}${path}`, { method: 'POST', body, headers });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  return { status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString() };
}

async function refused(status: number, message: RegExp, ...call: Parameters<typeof infer>) {
  const answer = await infer(...call);
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json');
  const body = JSON.parse(answer.text) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(['error']);
  expect(body['error']).toMatch(message);
  return answer;
}

function* inPieces(body: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < body.byteLength; at += size) yield body.subarray(at, at + size);
}

async function counted(): Promise<string[]> {
  const text = await metricsOf(s);
  return text.split('\n').filter((line) => /^zooserve_request(s_total|_duration_seconds_count)\{/.test(line));
}

describe('an inference request', () => {
  test('hands over the bytes of the body and gives back the bytes of the answer', async () => {
    const began = performance.now();
    const answer = await infer('{"any": "bytes"}', { 'content-type': 'application/json' });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': '16', 'zooserve-model-zxid': ZXID },
      text: '{"any": "bytes"}',
    });
    expect(answer.headers).not.toHaveProperty('zooserve-config-zxid');
    expect(answer.headers).not.toHaveProperty('inference-header-content-length');
    const [asked] = s.plane.asked;
    expect(asked).toMatchObject({ model: 'iris', request: { jsonLength: -1 } });
    expect(asked!.request).not.toHaveProperty('version');
    expect(asked!.request.signal?.aborted).toBe(false);
    expect(asked!.request.arrivedAt).toBeGreaterThan(began);
    expect(asked!.request.arrivedAt).toBeLessThan(performance.now());
  });

  test('to a version in the URL says which, and its answer names no promotion', async () => {
    const answer = await infer('{}', {}, '/v2/models/iris/versions/2/infer/');
    expect(s.plane.asked).toMatchObject([{ model: 'iris', request: { version: '2' } }]);
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('zooserve-model-zxid');
  });

  test('its answer names the config that it was handled by', async () => {
    s.plane.answer = (r) => ({ ...echo(r), configStamp: '00000000000000bb' });
    expect((await infer('{}')).headers['zooserve-config-zxid']).toBe('00000000000000bb');
  });

  test('with binary tensors is told by its header, whatever the content type', async () => {
    const body = Buffer.concat([Buffer.from('{}'), Buffer.from([0, 255, 128, 10])]);
    const answer = await infer(body, { 'inference-header-content-length': '2' });
    expect(s.plane.asked).toMatchObject([{ request: { jsonLength: 2 } }]);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'inference-header-content-length': '2',
    });
    expect(answer.bytes.equals(body)).toBe(true);
  });

  test('may be of many chunks', async () => {
    const body = Buffer.alloc(BODY_LIMIT, 'x');
    const answer = await request(`${s.server.url}${INFER}`, {
      method: 'POST',
      body: Readable.from(inPieces(body, 999)),
    });
    expect(Buffer.from(await answer.body.arrayBuffer()).equals(body)).toBe(true);
  });

  test('without a body is the data plane’s to judge', async () => {
    expect(await infer('')).toMatchObject({ status: 200, text: '' });
  });

  test.each([
    ['gzip', zlib.gzipSync('{"a":1}')],
    ['deflate', zlib.deflateSync('{"a":1}')],
  ])('may be compressed with %s', async (coding, body) => {
    expect(await infer(body, { 'content-encoding': coding })).toMatchObject({ status: 200, text: '{"a":1}' });
  });

  test('gets its answer compressed when it asks', async () => {
    const body = Buffer.alloc(5000, '{"data":[0.25]}');
    const answer = await infer(body, { 'accept-encoding': 'gzip', 'inference-header-content-length': '15' });
    expect(answer.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(answer.bytes.byteLength),
      // Of the bytes before they were compressed.
      'inference-header-content-length': '15',
    });
    expect(answer.bytes.byteLength).toBeLessThan(500);
    expect(zlib.gunzipSync(answer.bytes).equals(body)).toBe(true);
    expect((await infer('{}', { 'accept-encoding': 'gzip' })).headers).not.toHaveProperty('content-encoding');
  });
});

describe('a request that is refused', () => {
  test.each<[RequestErrorCode, number]>([
    ['BAD_INPUT', 400],
    ['QUEUE_FULL', 429],
    ['NOT_READY', 503],
    ['DEADLINE_EXCEEDED', 504],
    ['INTERNAL', 500],
  ])('by the data plane with %s gets %d', async (code, status) => {
    s.plane.answer = () => {
      throw new RequestError(code, 'the reason why');
    };
    const { headers } = await refused(status, /^the reason why$/, '{}');
    expect(headers['retry-after']).toBe(status === 429 ? '1' : undefined);
  });

  test('for an unknown model, version or name gets 404', async () => {
    await refused(404, /no model "nope"; served are: digits, iris/, '{}', {}, '/v2/models/nope/infer');
    await refused(404, /iris has no version 7/, '{}', {}, '/v2/models/iris/versions/7/infer');
    await refused(404, /served are: digits, iris/, '{}', {}, '/v2/models/..%2firis/infer');
    await refused(404, /no version "a b"/, '{}', {}, '/v2/models/iris/versions/a%20b/infer');
    // What cannot be a name never gets past the transport.
    expect(s.plane.asked.map(({ model }) => model)).toEqual(['nope', 'iris']);
  });

  test('for its size gets 413, by length and by chunks, and the connection goes on', async () => {
    const body = Buffer.alloc(BODY_LIMIT + 1, 'x');
    const { headers } = await refused(413, /more than the 100000 bytes.*--body-limit/, body);
    expect(headers['connection']).toBe('keep-alive');
    const chunked = await request(`${s.server.url}${INFER}`, {
      method: 'POST',
      body: Readable.from(inPieces(body, 60_000)),
    });
    expect(chunked.statusCode).toBe(413);
    await chunked.body.dump();
    expect(s.plane.asked).toEqual([]);
  });

  test('for its size once decompressed gets 413', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.byteLength).toBeLessThan(BODY_LIMIT);
    await refused(413, /decompressed/, bomb, { 'content-encoding': 'gzip' });
  });

  test('for its coding gets 415 or 400', async () => {
    const { headers } = await refused(415, /content-encoding "br"/, '{}', { 'content-encoding': 'br' });
    expect(headers['accept-encoding']).toBe('gzip, deflate, identity');
    await refused(400, /not valid gzip/, '{}', { 'content-encoding': 'gzip' });
  });

  test('for its content type gets 415', async () => {
    const { headers } = await refused(415, /"text\/xml"/, '<x/>', { 'content-type': 'text/xml' });
    expect(headers['accept-post']).toBe('application/json, application/octet-stream');
  });

  test.each([
    ['-1', /must be a number of bytes/],
    ['2.5', /must be a number of bytes/],
    ['x', /must be a number of bytes/],
    ['', /must be a number of bytes/],
    ['3', /is 3, but the body has 2 bytes/],
    ['99999999999999999999', /must be a number of bytes/],
  ])('for Inference-Header-Content-Length %p gets 400', async (value, message) => {
    await refused(400, message, '{}', { 'inference-header-content-length': value });
  });

  test('by an unforeseen fault gets 500, told to the log and not to the client', async () => {
    s.plane.answer = () => {
      throw new Error('secret detail');
    };
    const { text } = await refused(500, /internal error/, '{}');
    expect(text).not.toContain('secret');
    expect(s.logged).toContainEqual(
      expect.objectContaining({
        msg: 'a request failed',
        url: INFER,
        err: expect.objectContaining({ message: 'secret detail' }) as object,
      }),
    );
  });
});

describe('the metrics', () => {
  test('count answers by model, version and status', async () => {
    await infer('{}');
    await infer('{}', {}, '/v2/models/iris/versions/2/infer');
    s.plane.answer = () => {
      throw new RequestError('QUEUE_FULL', 'full');
    };
    await infer('{}');
    s.plane.answer = () => {
      throw new RequestError('DEADLINE_EXCEEDED', 'late');
    };
    await infer('{}');
    expect(await counted()).toEqual([
      'zooserve_requests_total{model="iris",version="1",status="200"} 1',
      'zooserve_requests_total{model="iris",version="2",status="200"} 1',
      'zooserve_requests_total{model="iris",version="",status="429"} 1',
      'zooserve_requests_total{model="iris",version="",status="504"} 1',
      // The refusal took no time to speak of; the late one did.
      'zooserve_request_duration_seconds_count{model="iris"} 3',
    ]);
  });

  test('make no labels of strangers’ names', async () => {
    await infer('{}', {}, '/v2/models/stranger/infer');
    await infer('{}', {}, '/v2/models/iris/versions/stranger/infer');
    await infer('x', { 'content-type': 'text/xml' }, '/v2/models/stranger/infer');
    expect(await counted()).toEqual([
      'zooserve_requests_total{model="",version="",status="404"} 1',
      'zooserve_requests_total{model="iris",version="",status="404"} 1',
      'zooserve_requests_total{model="",version="",status="415"} 1',
    ]);
  });

  test('that cannot be counted cost one connection and nothing else', async () => {
    s.metrics.requests.inc = () => {
      throw new Error('no more counting');
    };
    const cut = { msg: 'a request failed while it was answered', url: INFER };
    await eventually(async () => {
      await infer('{}').catch(() => undefined);
      return s.logged.some(({ msg, url }) => msg === cut.msg && url === cut.url);
    });
    expect((await infer('{}')).status).toBe(200);
  });
});
