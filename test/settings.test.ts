import { createHash } from 'node:crypto';
import {
  CONNECTION_SETTINGS,
  REPLICA_SETTINGS,
  defaultReplica,
  noColour,
  readSettings,
  type SettingName,
} from '../src/settings';
import { SETTINGS } from '../src/settings-table';
import { UsageError } from '../src/errors';
import { isName } from '../src/names';

const read = (flags: Parameters<typeof readSettings>[1], environment: Record<string, string> = {}) =>
  readSettings([...CONNECTION_SETTINGS, ...REPLICA_SETTINGS], flags, environment);

describe('readSettings', () => {
  it('has the documented defaults, frozen', () => {
    const settings = read({});
    expect(settings).toEqual({
      zookeeper: '127.0.0.1:2181',
      root: '/zooserve',
      pinned: [],
      auth: undefined,
      acl: undefined,
      tlsCa: undefined,
      tlsCert: undefined,
      tlsKey: undefined,
      tlsHostname: true,
      sessionTimeoutMs: 10_000,
      stateDir: '.zooserve',
      models: 'models',
      host: '127.0.0.1',
      port: 8080,
      replica: undefined,
      strictReadiness: false,
      handlers: true,
      workers: 1,
      memoryBudgetBytes: undefined,
      bodyLimitBytes: 67_108_864,
      requireZooKeeper: false,
      logLevel: 'info',
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it('prefers the flag to the variable, and takes an empty variable for unset', () => {
    expect(read({ port: '9000' }, { PORT: '9001' }).port).toBe(9000);
    expect(read({}, { PORT: '9001' }).port).toBe(9001);
    expect(read({}, { PORT: ' ' }).port).toBe(8080);
  });

  it.each<[SettingName, string, unknown]>([
    ['zookeeper', 'a:1,b', 'a:1,b:2181'],
    ['zookeeper', 'a:2181/x/y/', 'a:2181/x/y'],
    ['zookeeper', 'a:2181/', 'a:2181'],
    ['root', '/', '/'],
    ['root', '/a/b/', '/a/b'],
    ['auth', 'digest:me:a:b', { scheme: 'digest', credentials: 'me:a:b' }],
    ['acl', 'world:anyone:r', [{ scheme: 'world', id: 'anyone', permissions: 1 }]],
    ['sessionTimeoutMs', '4000', 4000],
    ['models', '/data/models', '/data/models'],
    ['host', '0.0.0.0', '0.0.0.0'],
    ['port', '0', 0],
    ['replica', 'r-1', 'r-1'],
    ['strictReadiness', 'on', true],
    ['handlers', 'off', false],
    ['tlsHostname', 'off', false],
    ['workers', '64', 64],
    ['memoryBudgetBytes', '2GiB', 2_147_483_648],
    ['memoryBudgetBytes', '1048576', 1_048_576],
    ['bodyLimitBytes', '1000', 1000],
    ['bodyLimitBytes', '2 MiB', 2_097_152],
    ['logLevel', 'WARN', 'warn'],
  ])('reads %s from %p in its variable', (name, text, value) => {
    expect(read({}, { [SETTINGS[name].variable]: text })[name]).toEqual(value);
  });

  it('reads pinned models from repeated flags, and from one variable', () => {
    const pinned = [
      { model: 'iris', versionPath: '/ml_model_version', configPath: '/ml_model_config' },
      { model: 'digits', versionPath: '/d/v' },
    ];
    const texts = ['iris=/ml_model_version,/ml_model_config', 'digits=/d/v'];
    expect(read({ pinned: texts }).pinned).toEqual(pinned);
    expect(read({}, { ZOOSERVE_MODEL: texts.join('  ') }).pinned).toEqual(pinned);
  });

  it.each<[SettingName, string, RegExp]>([
    ['zookeeper', 'a:99999', /"99999" is no whole number from 1 to 65535/],
    ['zookeeper', ',', /"" is no server/],
    ['zookeeper', 'a:1/x//y', /is no znode path/],
    ['root', 'zooserve', /"zooserve" is no znode path/],
    ['root', '/a/../b', /no znode path/],
    ['pinned', 'iris', /should be <name>=<version znode>/],
    ['pinned', '../x=/v', /no model name/],
    ['pinned', 'iris=v', /"v" is no znode path/],
    ['pinned', 'a=/x a=/y', /a is given twice/],
    ['auth', 'secret', /should be such as digest:user:password/],
    ['acl', 'world:anyone:x', /entry 1 should end in its permissions/],
    ['sessionTimeoutMs', '10s', /"10s" is no whole number from 200/],
    ['port', '70000', /no whole number from 0 to 65535/],
    ['replica', '.hidden', /no replica name/],
    ['strictReadiness', 'maybe', /neither on nor off/],
    ['memoryBudgetBytes', '1000KiB', /is no size from 1MiB, such as 2GiB/],
    ['memoryBudgetBytes', '1.5GiB', /is no size/],
    ['memoryBudgetBytes', 'none', /is no size/],
    ['workers', '0', /no whole number from 1 to 64/],
    ['bodyLimitBytes', '0', /no size from 1/],
    ['bodyLimitBytes', '3 GiB', /no size from 1/],
    ['logLevel', 'loud', /none of trace/],
  ])('refuses %s from %p, naming the variable', (name, text, message) => {
    const attempt = () => read({}, { [SETTINGS[name].variable]: text });
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(new RegExp(`^${SETTINGS[name].variable}: `));
  });

  it('names the flag that was wrong, and never shows a password', () => {
    expect(() => read({ port: 'x' })).toThrow(/^--port: /);
    expect(() => read({ models: '' })).toThrow(/^--models: is empty/);
    expect(() => read({ port: ['1', '2'] })).toThrow(/^--port: may be given once only/);
    expect(() => read({ auth: ':hunter2' })).not.toThrow(/hunter2/);
  });

  it('does not look at what the command does not need', () => {
    expect(readSettings(['root'], {}, { PORT: 'garbage' })).toEqual({ root: '/zooserve' });
  });
});

describe('defaultReplica', () => {
  const digest = (host: string) => createHash('sha256').update(host).digest('hex').slice(0, 12);
  const long = `${'deployment-'.repeat(6)}x7k2p`;

  it.each([
    ['web-1', 'web-1-8080'],
    ['h'.repeat(59), `${'h'.repeat(59)}-8080`],
    ['.weird host!', `${digest('.weird host!')}-.weird-host--8080`],
    ['', `${digest('')}--8080`],
    ['h'.repeat(300), `${digest('h'.repeat(300))}-${'h'.repeat(46)}-8080`],
    [long, `${digest(long)}-${long.slice(-46)}-8080`],
  ])('makes a valid name of %p', (host, name) => {
    expect(defaultReplica(8080, host)).toBe(name);
    expect(isName(defaultReplica(8080, host))).toBe(true);
  });

  it('gives no two hosts the same name', () => {
    const end = 'x'.repeat(70);
    const hosts = [`a${end}`, `b${end}`, end, 'a host', 'a-host', 'a?host', '.a', 'a', '', 'replica'];
    expect(new Set(hosts.map((host) => defaultReplica(8080, host))).size).toBe(hosts.length);
  });
});

describe('noColour', () => {
  it.each([
    [{}, false],
    [{ NO_COLOR: '' }, false],
    [{ NO_COLOR: '0' }, true],
  ])('%j: %s', (environment, asked) => {
    expect(noColour(environment)).toBe(asked);
  });
});
