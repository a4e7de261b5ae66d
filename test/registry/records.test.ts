import { formatManifest, parseManifest, type Manifest } from '../../src/registry/manifest';
import { ZnodePaths } from '../../src/registry/paths';
import { parseVersion, promotedVersion } from '../../src/registry/promoted-version';
import { formatReplica, parseReplica } from '../../src/registry/replica-record';
import {
  formatStatus,
  parseStatus,
  STATUS_MAX_BYTES,
  type StatusRecord,
} from '../../src/registry/status-record';

const ZXID = '00000001000000af';

const STATUS: StatusRecord = {
  replica: 'a-8080',
  desired: { version: '2', mzxid: ZXID },
  serving: { version: '1', mzxid: '0000000100000001', sha256: 'f'.repeat(64) },
  resident: ['1', '2'],
  config: { state: 'APPLIED', mzxid: ZXID },
  phase: 'FAILED',
  error: { code: 'NOT_FOUND', message: 'no such file', retryable: true },
  ms: { notify: 1, fetch: 2, load: 3, warm: null, swap: 0.25 },
};

describe('the status record', () => {
  it.each<[string, StatusRecord]>([
    ['a whole one', STATUS],
    ['one that lacks workers', { ...STATUS, workers: { alive: 1, wanted: 4 } }],
    [
      'nothing wanted, nothing served',
      { ...STATUS, desired: null, serving: null, error: null, phase: 'STANDBY' },
    ],
    ['a desired znode that is no version', { ...STATUS, desired: { version: null, mzxid: ZXID } }],
    [
      'a refused config',
      {
        ...STATUS,
        config: { state: 'REFUSED', mzxid: null, error: { mzxid: ZXID, message: '$.x is no key' } },
      },
    ],
  ])('survives writing and reading: %s', (_, record) => {
    expect(parseStatus(formatStatus(record))).toEqual(record);
  });

  it('fits into 1 KiB whatever its messages and however many versions are resident', () => {
    const long = '\u0001"é😀'.repeat(5_000);
    const name = 'n'.repeat(64);
    const record: StatusRecord = {
      replica: name,
      desired: { version: name, mzxid: ZXID },
      serving: { version: name, mzxid: ZXID, sha256: 'f'.repeat(64) },
      resident: Array.from({ length: 9 }, (_, index) => `${index}`.padEnd(64, 'r')),
      config: { state: 'REFUSED', mzxid: ZXID, error: { mzxid: ZXID, message: long } },
      stale: true,
      workers: { alive: 255, wanted: 256 },
      phase: 'VERIFYING',
      error: { code: 'CRASHED_WHILE_LOADING', message: long, retryable: false },
      ms: { notify: 12345.678, fetch: 12345.678, load: 12345.678, warm: 12345.678, swap: 12345.678 },
    };
    const data = formatStatus(record);
    expect(data.byteLength).toBeLessThanOrEqual(STATUS_MAX_BYTES);
    expect(parseStatus(data)).toMatchObject({
      replica: name,
      desired: record.desired,
      serving: record.serving,
    });
  });

  it('keeps a message that fits, and marks one that was cut', () => {
    expect(parseStatus(formatStatus(STATUS))?.error?.message).toBe('no such file');
    const error = { code: 'BAD_MODEL', message: 'm'.repeat(4000), retryable: false } as const;
    const cut = parseStatus(formatStatus({ ...STATUS, error }));
    expect(cut?.error?.message).toMatch(/^m{300,}\.\.\.$/);
    expect(cut?.resident).toEqual(['1', '2']);
  });

  it('reads a newer writer, passing over fields that it does not know', () => {
    const newer = { ...STATUS, extra: [1], config: { ...STATUS.config, more: true } };
    expect(parseStatus(Buffer.from(JSON.stringify(newer)))).toEqual(STATUS);
  });

  it.each([
    ['', 'null', '[]', '{', '"x"', '\xff'].map((text) => Buffer.from(text, 'latin1')),
    [
      { replica: 1 },
      { phase: 'DANCING' },
      { resident: [1] },
      { config: {} },
      { desired: {} },
      { serving: { version: '1' } },
      { error: { code: 'NO_SUCH_CODE', message: '' } },
    ].map((wrong) => Buffer.from(JSON.stringify({ ...STATUS, ...wrong }))),
  ])('answers undefined for what is none', (...wrong) => {
    for (const data of wrong) expect(parseStatus(data)).toBeUndefined();
  });
});

describe('the replica record', () => {
  const replica = {
    url: 'http://h:1',
    host: 'h',
    pid: 7,
    started: '2026-01-01T00:00:00.000Z',
    build: '0.1.0',
  };
  it('survives writing and reading', () => {
    expect(parseReplica(formatReplica(replica))).toEqual(replica);
  });
  it.each(['url', 'host', 'pid', 'started', 'build'])('is none without %s', (key) => {
    expect(parseReplica(Buffer.from(JSON.stringify({ ...replica, [key]: undefined })))).toBeUndefined();
  });
});

describe('the manifest', () => {
  const manifest: Manifest = {
    sha256: 'a'.repeat(64),
    bytes: 10,
    uri: 'file:///m',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
    outputs: [{ name: 'y', datatype: 'INT64', shape: [-1] }],
    probes: 3,
    when: '2026-01-01T00:00:00.000Z',
    by: 'me@host',
  };
  it('survives writing and reading', () => {
    expect(parseManifest(formatManifest(manifest))).toEqual(manifest);
    const whole = { ...manifest, files: { 'model.json': 'b'.repeat(64), 'handler.js': null } };
    expect(parseManifest(formatManifest(whole))).toEqual(whole);
  });
  it.each([[null], ['x'], [{ 'handler.js': 'A' }], [{ 'handler.js': 7 }]])(
    'is none with files %j',
    (files) => {
      expect(parseManifest(Buffer.from(JSON.stringify({ ...manifest, files })))).toBeUndefined();
    },
  );
  it('needs a digest and a size, and makes do without the rest', () => {
    const least = { sha256: manifest.sha256, bytes: 10 };
    expect(parseManifest(Buffer.from(JSON.stringify({ ...least, inputs: [{ name: 1 }] })))).toEqual({
      ...least,
      uri: '',
      inputs: [],
      outputs: [],
      probes: 0,
      when: '',
      by: '',
    });
    expect(parseManifest(Buffer.from(JSON.stringify({ ...least, sha256: 'A' })))).toBeUndefined();
    expect(parseManifest(Buffer.from('{}'))).toBeUndefined();
  });
});

describe('the version znode', () => {
  it.each([
    ['2', '2'],
    ['  2\n', '2'],
    ['v1.2_rc-3', 'v1.2_rc-3'],
    ['\ufeff7', '7'],
  ])('reads %j as %j', (data, version) => {
    expect(parseVersion(Buffer.from(data))).toEqual({ version });
  });

  it.each([
    ['', /is empty/],
    [' \n', /is empty/],
    ['../../x', /"..\/..\/x" is no version/],
    ['.2', /is no version/],
    ['1 2', /is no version/],
    ['x'.repeat(65), /is no version/],
    ['noise'.repeat(20_000), /holds 100000 bytes/],
  ])('refuses %#', (data, reason) => {
    expect(parseVersion(Buffer.from(data))).toEqual({ reason: expect.stringMatching(reason) as string });
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(parseVersion(Buffer.from([0x31, 0xff]))).toEqual({
      reason: expect.stringMatching(/no UTF-8/) as string,
    });
  });

  it('carries the fence, and tells absence from nonsense', () => {
    const stat = { mzxid: ZXID, mtime: 5 };
    expect(promotedVersion(undefined)).toEqual({ kind: 'absent' });
    expect(promotedVersion({ data: Buffer.from('2'), stat })).toEqual({
      kind: 'version',
      version: '2',
      ...stat,
    });
    expect(promotedVersion({ data: Buffer.from('..'), stat })).toMatchObject({ kind: 'invalid', ...stat });
  });
});

describe('ZnodePaths', () => {
  it('puts everything below the root', () => {
    const paths = new ZnodePaths('/zooserve');
    expect([
      paths.modelsDir,
      paths.version('m'),
      paths.config('m'),
      paths.catalog('m', '1'),
      paths.status('m', 'r'),
      paths.replica('r'),
      paths.history('m'),
    ]).toEqual([
      '/zooserve/models',
      '/zooserve/models/m/version',
      '/zooserve/models/m/config',
      '/zooserve/catalog/m/1',
      '/zooserve/status/m/r',
      '/zooserve/replicas/r',
      '/zooserve/history/m',
    ]);
    expect(new ZnodePaths('/').version('m')).toBe('/models/m/version');
  });

  it('gives a pinned model its own znodes, and only where they were named', () => {
    const paths = new ZnodePaths('/z', [
      { model: 'a', versionPath: '/v', configPath: '/c' },
      { model: 'b', versionPath: '/w' },
    ]);
    expect(paths.pinned).toEqual(['a', 'b']);
    expect([paths.version('a'), paths.config('a'), paths.version('b'), paths.config('b')]).toEqual([
      '/v',
      '/c',
      '/w',
      '/z/models/b/config',
    ]);
    expect(paths.history('a')).toBe('/z/history/a');
  });
});
