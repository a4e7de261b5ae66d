import { readFileSync } from 'node:fs';
import path from 'node:path';
import { request } from 'undici';
import { serving, type Serving } from './serving';

const { version } = JSON.parse(
  readFileSync(path.join(__dirname, '..', '..', '..', 'package.json'), 'utf8'),
) as { version: string };

let s: Serving;
beforeAll(async () => {
  s = await serving();
});
afterAll(() => s[Symbol.asyncDispose]());

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

async function call(path: string, method: Method = 'GET') {
  const answer = await request(`${s.server.url}${path}`, { method });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, text };
}

describe('health', () => {
  test('a live server is live', async () => {
    expect(await call('/v2/health/live')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      text: '{"live":true}',
    });
  });

  test('readiness is the data plane’s', async () => {
    expect(await call('/v2/health/ready')).toMatchObject({ status: 200, text: '{"live":true,"ready":true}' });
    s.plane.whyUnready = 'model ïris\n serves nothing';
    expect(await call('/v2/health/ready')).toMatchObject({
      status: 503,
      headers: { 'content-type': 'application/json', 'zooserve-unready': 'model ?ris serves nothing' },
      text: '{"live":true,"ready":false}',
    });
    s.plane.whyUnready = 'x'.repeat(10_000);
    expect((await call('/v2/health/ready')).headers['zooserve-unready']).toHaveLength(500);
    s.plane.whyUnready = undefined;
    expect((await call('/v2/health/ready')).headers).not.toHaveProperty('zooserve-unready');
  });
});

describe('metadata', () => {
  test.each(['/v2', '/v2/', '/v2?verbose=1'])('the server’s at %s', async (path) => {
    const { status, text } = await call(path);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      name: 'zooserve',
      version,
      extensions: ['binary_tensor_data'],
    });
  });

  test.each(['/v2/models/iris', '/v2/models/iris/', '/v2/models/iris/versions/1', '/v2/models/%69ris'])(
    'a model’s at %s',
    async (path) => {
      const { status, headers, text } = await call(path);
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('application/json');
      expect(JSON.parse(text)).toEqual({
        name: 'iris',
        versions: ['1', '2'],
        platform: 'onnx_onnxv1',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
        outputs: [{ name: 'label', datatype: 'INT64', shape: [-1] }],
      });
    },
  );

  test.each(['/v2/models/iris/ready', '/v2/models/iris/versions/2/ready'])('ready at %s', async (path) => {
    expect(await call(path)).toMatchObject({ status: 200, text: '{"name":"iris","ready":true}' });
  });

  test('a model that is not ready is an error', async () => {
    expect(await call('/v2/models/digits/ready')).toMatchObject({
      status: 503,
      text: '{"error":"model digits is not ready"}',
    });
    expect(await call('/v2/models/digits/versions/2/ready')).toMatchObject({
      status: 503,
      text: '{"error":"model digits version 2 is not ready"}',
    });
  });
});

describe('what is not there', () => {
  test.each([
    ['/v2/models/nope', /no model "nope"; served are: digits, iris/],
    ['/v2/models/nope/ready', /no model "nope"; served are/],
    ['/v2/models/iris/versions/9', /no version 9; there are: 1, 2/],
    ['/v2/models/iris/versions/9/ready', /no version 9/],
    ['/v2/models/..%2f..%2fetc%2fpasswd', /no model .*served are: digits, iris/],
    ['/v2/models/%00', /served are: digits, iris/],
    ['/v2/models/.hidden/ready', /a name is 1 to 64 of .*; served are: digits, iris/],
    [`/v2/models/${'a'.repeat(2000)}`, /served are: digits, iris/],
    ['/v2/models/iris/versions/..%2f1', /no version/],
    ['/v2/models/nope/versions/..%2f1', /no model "nope"; served are/],
    ['/v2/models', /no route GET/],
    ['/v1/models/iris', /no route GET/],
    ['/', /no route GET/],
    ['/v2/models/iris/infer/more', /no route GET/],
  ])('%s is 404', async (path, message) => {
    const { status, headers, text } = await call(path);
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('application/json');
    const body = JSON.parse(text) as Record<string, unknown>;
    expect(Object.keys(body)).toEqual(['error']);
    expect(body['error']).toMatch(message);
    expect(text.length).toBeLessThan(300);
  });

  test('a path that is no valid URL is 400', async () => {
    const { status, headers, text } = await call('/v2/models/%zz');
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(text)).toEqual({ error: expect.stringContaining('not a valid URL') as string });
  });

  test.each<[Method, string, string]>([
    ['POST', '/v2/health/live', 'GET, HEAD'],
    ['DELETE', '/v2/models/iris', 'GET, HEAD'],
    ['PUT', '/metrics', 'GET, HEAD'],
    ['OPTIONS', '/v2/', 'GET, HEAD'],
    ['GET', '/v2/models/iris/infer', 'POST'],
    ['HEAD', '/v2/models/iris/versions/1/infer/', 'POST'],
  ])('%s %s is 405 and names what is allowed', async (method, path, allow) => {
    const { status, headers, text } = await call(path, method);
    expect(status).toBe(405);
    expect(headers['allow']).toBe(allow);
    expect(headers['content-type']).toBe('application/json');
    if (method !== 'HEAD') {
      expect(JSON.parse(text)).toEqual({ error: expect.stringContaining(allow) as string });
    }
  });
});

test('HEAD is GET without the body', async () => {
  for (const path of ['/v2', '/v2/health/ready', '/v2/models/iris', '/v2/models/nope', '/metrics']) {
    const head = await call(path, 'HEAD');
    const got = await call(path);
    expect(head.text).toBe('');
    expect(head.status).toBe(got.status);
    expect(head.headers['content-type']).toBe(got.headers['content-type']);
    if (path !== '/metrics') expect(head.headers['content-length']).toBe(String(got.text.length));
  }
});

test('the metrics are Prometheus text', async () => {
  const { status, headers, text } = await call('/metrics');
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^text\/plain; version=0.0.4/);
  expect(text).toContain('# TYPE zooserve_requests_total counter');
  expect(text).toContain('process_resident_memory_bytes');
});
